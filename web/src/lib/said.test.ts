import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import table from '../locales/said.zh-CN.json'
import { bare, callErrors, formatOf, isWords, literal, problems } from './goMessages'
import { makeSayer } from './said'

const say = makeSayer(table)

describe('what the server says, in Chinese', () => {
  it.each([
    ['is missing: give it a name', '不能为空，请填写'],
    ['is 7: it must be from 1 to 5', '当前为 7，必须在 1 到 5 之间'],
    ['names a provider that does not exist: "op\\"nai"', '服务提供者 "op\\"nai" 不存在'],
    // Messages within messages, and where they are.
    ['the request is not valid: body.match.models[0].value: is in the list twice', 'match.models[0].value：重复出现'],
    [
      "The provider demo failed: it can't be reached: connection refused (tried demo: connect; other: connect)",
      '服务提供者 demo 失败：无法连接：连接被拒绝（已尝试：demo: connect; other: connect）',
    ],
    [
      'The key was refused. Check that it is whole, and that it belongs to this region and endpoint. It says: no such key',
      /^密钥被拒绝.*。对方返回：no such key$/,
    ],
    ['revert change 3: delete route chat', '撤销变更 3：删除路由 chat'],
    // A field of a call, and what is wrong there.
    ['messages[0].content must be a string or a list of parts.', 'messages[0].content：必须是字符串或内容列表。'],
    // A vendor's own words stay.
    ['You exceeded your current quota.', 'You exceeded your current quota.'],
    ['a: b', 'a: b'],
  ])('%s', (text, want) => {
    if (typeof want === 'string') expect(say(text)).toBe(want)
    else expect(say(text)).toMatch(want)
  })

  it('takes no long time for long texts', () => {
    const began = performance.now()
    say('is is not a: '.repeat(140))
    expect(performance.now() - began).toBeLessThan(500)
  })
})

const repository = join(process.cwd(), '..')

/** The Go sources below folders, tests left out. */
function goSources(...folders: string[]): string {
  return folders
    .flatMap((folder) => readdirSync(join(repository, folder)).map((name) => join(repository, folder, name)))
    .filter((path) => path.endsWith('.go') && !path.endsWith('_test.go'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n')
}

/** The texts between quotes, as they are meant: between either kind, as one may stand within the other. */
function literals(code: string): string[] {
  const quoted = [...code.matchAll(/"(?:[^"\\\n]|\\.)*"/g), ...code.matchAll(/`[^`]*`/g)]
  return quoted.map((m) => literal(m[0]))
}

const format = /%(?:\.\d+)?[sdqvwgf]/g

describe('the table', () => {
  const server = goSources('server')
  const proxy = goSources('proxy')
  const dialects = readdirSync(join(repository, 'proxy/protocol'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const protocols = ['proxy/protocol', ...dialects.map((entry) => `proxy/protocol/${entry.name}`)].map((folder) => goSources(folder))
  const known = new Set(Object.keys(table).map(bare))
  const missing = (texts: string[]) => [...new Set(texts)].filter((text) => !known.has(bare(text)))

  it('has what is wrong with a field', () => {
    const faults = [
      ...server.matchAll(/\bf\.add\([^\n]*?,\s*("(?:[^"\\\n]|\\.)*"|`[^`]*`)(?:,|\)\n)/g),
      ...proxy.matchAll(/\bc\.fault\([^\n]*?,\s*("(?:[^"\\\n]|\\.)*"|`[^`]*`)(?:,|\)\n)/g),
    ].flatMap((m) => literals(m[1] ?? ''))
    expect(faults.length).toBeGreaterThan(100)
    const words = faults.filter((text) => /[a-z] /.test(text.replaceAll(format, '')))
    expect(missing(words), 'add these to src/locales/said.zh-CN.json').toEqual([])
  })

  it('has every message of the API', () => {
    const found = problems(server).filter(isWords)
    expect(found.length).toBeGreaterThan(45)
    expect(missing(found), 'add these to src/locales/said.zh-CN.json').toEqual([])
  })

  it('has every error that a call can end with', () => {
    const found = [proxy, ...protocols].flatMap(callErrors).filter(isWords)
    expect(found.length).toBeGreaterThan(250)
    expect(missing(found), 'add these to src/locales/said.zh-CN.json').toEqual([])
  })

  it('finds a message whatever it is made of', () => {
    expect(formatOf('"it is " + name + ": " + err.Error(),\n')).toBe('it is %s: %s')
    expect(formatOf('fmt.Sprintf("at most %d of them", n)')).toBe('at most %d of them')
    expect(formatOf('err.Error(), "other"')).toBeUndefined()
    expect(callErrors('return refuse(path, "no place for it")\nfunc refuse(path, message string) *llm.Error {')).toEqual([
      'no place for it',
    ])
  })

  it('says nothing that the server no longer says', () => {
    const quoted = `${literals(`${server}\n${proxy}\n${protocols.join('\n')}\n${goSources('proxy/catalog', 'proxy/price', 'proxy/blackout', 'server/auth', 'server/alert', 'server/store', 'cmd/posthouse')}`).join('\u0000')}`
    const all = [quoted, ...protocols.flatMap(callErrors)].join('\u0000')
    const elsewhere = /^(expected |unexpected property|connect|i\/o|no such host|no route|network is)/ // Go's own and the schema's words
    // What is noted of a change: the verb stands apart from what it is about.
    const changes = /^(enable|disable|(add|change|delete) a key|(change|enter) the price) /
    const own = new Set(['The answer broke off before it was whole.'])
    const stale = Object.keys(table).filter((text) => {
      if (elsewhere.test(text) || changes.test(text) || own.has(text) || all.includes(text)) return false
      // Put together of parts: each of them is somewhere.
      return text
        .split(format)
        .map((part) => part.trim().replace(/^[.:/]\s*|[:.]$/g, ''))
        .some((part) => part.length > 3 && !all.includes(part))
    })
    expect(stale).toEqual([])
  })
})
