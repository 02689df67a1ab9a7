import type { Vendor } from '@/api/client'

type Words = Vendor['name']

/** A vendor's text in the language shown. */
export function inLanguage(text: Words, language: string): string {
  return (language.startsWith('zh') ? text.zh : text.en) || text.en || text.zh
}

/** The vendors to offer first, and the rest by name. */
export function sortVendors(vendors: readonly Vendor[]): { first: Vendor[]; rest: Vendor[] } {
  const first = vendors.filter((v) => v.popular > 0).sort((a, b) => a.popular - b.popular)
  const rest = vendors.filter((v) => v.popular === 0).sort((a, b) => a.name.en.localeCompare(b.name.en))
  return { first, rest }
}

/** The vendor whose keys begin like this one; the longest beginning wins, and a tie says nothing. */
export function vendorOfKey(vendors: readonly Vendor[], key: string): Vendor | undefined {
  let best: Vendor[] = []
  let length = 0
  for (const vendor of vendors) {
    for (const prefix of vendor.key_prefixes) {
      if (!key.startsWith(prefix) || prefix.length < length) continue
      if (prefix.length > length) best = []
      length = prefix.length
      best.push(vendor)
    }
  }
  return best.length === 1 ? best[0] : undefined
}

/** Known names of chat models; patterns are left out. */
export function chatModels(vendor: Vendor | undefined): string[] {
  return (vendor?.models ?? []).filter((m) => m.kind === 'chat' && !m.match.includes('*')).map((m) => m.match)
}

/** Whether a name fits a pattern in which * stands for anything. */
export function fits(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(name)
}

const notChat = /embed|whisper|tts|dall-e|image|audio|rerank|moderation|speech|transcri|realtime|sora|ocr|wanx|video/i

/** Whether a model is most likely one to talk to. */
export function isChat(vendor: Vendor | undefined, name: string): boolean {
  const known = vendor?.models.find((m) => fits(m.match, name))
  return known ? known.kind === 'chat' : !notChat.test(name)
}

/** A name for a new provider that is not taken: deepseek, deepseek-2, … */
export function freeName(wanted: string, taken: readonly string[]): string {
  const base =
    wanted
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^[-._]+|[-._]+$/g, '') || 'provider'
  if (!taken.includes(base)) return base
  for (let n = 2; ; n++) {
    if (!taken.includes(`${base}-${n}`)) return `${base}-${n}`
  }
}

/** Whether a URL leads to one of our own doors: this machine, and the same port. */
export function leadsHere(url: string, doors: readonly string[]): boolean {
  try {
    const { hostname, port } = new URL(url)
    const here = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\])$/.test(hostname)
    return here && port !== '' && doors.some((door) => door && new URL(door).port === port)
  } catch {
    return false
  }
}

/** Whether a URL plainly leads to this machine or a private network. */
export function isPrivate(url: string): boolean {
  const host = /^https?:\/\/(?:[^/@]*@)?(\[[^\]]+\]|[^/:?#]+)/i.exec(url.trim())?.[1]?.toLowerCase() ?? ''
  return (
    /^(localhost|.*\.(localhost|local|internal|lan))$/.test(host) ||
    /^(127|10)\.\d|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\./.test(host) ||
    /^\[(::1|f[cd])/.test(host)
  )
}
