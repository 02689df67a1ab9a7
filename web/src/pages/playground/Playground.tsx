import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Boxes, Code as CodeIcon, Eraser, Send, Square } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ChatRequest } from '@/api/chat'
import { queries } from '@/api/queries'
import { useParam } from '@/lib/params'
import { modelChoices } from '@/parts/models'
import { shellQuote } from '@/parts/snippets'
import { type Answer, useChat } from '@/parts/useChat'
import { endpoint } from '@/shell/endpoint'
import { Button } from '@/ui/Button'
import { Code } from '@/ui/Copy'
import { Dialog } from '@/ui/Dialog'
import { Empty, Loading } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { Parameters, type Settings } from './Parameters'
import { type Turn, Turns } from './Turns'

export default function Playground() {
  const { t } = useTranslation()
  const providers = useQuery(queries.providers)
  const routes = useQuery(queries.routes).data ?? []
  const vendors = useQuery(queries.vendors).data ?? []
  return (
    <Loading query={providers}>
      {(list) =>
        list.some((p) => p.enabled) ? (
          <Chat models={modelChoices(list, routes, vendors).map((c) => c.value)} />
        ) : (
          <Empty
            icon={Boxes}
            title={t('playground.noProviders')}
            action={
              <Link to="/providers" search={{ new: '1' } as never} className="font-medium text-accent underline">
                {t('providers.add')}
              </Link>
            }
          />
        )
      }
    </Loading>
  )
}

/** What is sent: only what was set. */
export function request(model: string, settings: Settings, turns: readonly Turn[]): ChatRequest {
  const temperature = Number.parseFloat(settings.temperature)
  const limit = Number.parseInt(settings.maxTokens, 10)
  return {
    model,
    messages: [
      ...(settings.system.trim() ? [{ role: 'system' as const, content: settings.system }] : []),
      ...turns.map(({ role, content }) => ({ role, content })),
    ],
    ...(Number.isFinite(temperature) && { temperature }),
    ...(limit > 0 && { max_tokens: limit }),
  }
}

function Chat({ models }: { models: string[] }) {
  const { t } = useTranslation()
  const [chosen, setModel] = useParam('model')
  const model = chosen ?? models[0] ?? ''
  const [settings, setSettings] = useState<Settings>({ system: '', temperature: '', maxTokens: '' })
  const [turns, setTurns] = useState<Turn[]>([])
  const [text, setText] = useState('')
  const [asCurl, setAsCurl] = useState(false)
  const chat = useChat((answer: Answer) => {
    if (!answer.text && !answer.thought) return
    setTurns((old) => [...old, { role: 'assistant', content: answer.text, answer }])
    chat.clear()
  })
  const streaming = chat.answer?.state === 'streaming'
  const pending: Turn[] = text.trim() ? [...turns, { role: 'user', content: text }] : turns

  const send = () => {
    if (streaming || !model || pending.at(-1)?.role !== 'user') return
    setTurns(pending)
    setText('')
    void chat.ask(request(model, settings, pending))
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.nativeEvent.isComposing || event.shiftKey) return
    event.preventDefault()
    send()
  }
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <section
        aria-label={t('playground.conversation')}
        className="flex min-h-[60dvh] min-w-0 flex-col rounded-2xl border border-line bg-surface shadow-card"
      >
        <div className="border-line border-b p-3">
          <TextField label={t('chat.model')} hint={t('playground.modelHint')} value={model} onChange={setModel} suggestions={models} mono />
        </div>
        <Turns turns={turns} answer={chat.answer} onEdit={setTurns} />
        <form
          className="border-line border-t p-3"
          onSubmit={(event) => {
            event.preventDefault()
            send()
          }}
        >
          <textarea
            aria-label={t('playground.message')}
            placeholder={t('playground.placeholder')}
            rows={3}
            value={text}
            onChange={(e) => setText(e.target.value)}
            onKeyDown={onKey}
            className="control resize-y"
          />
          <div className="mt-2 flex flex-wrap items-center justify-between gap-2">
            <div className="flex gap-1">
              <Button look="quiet" size="sm" icon={CodeIcon} disabled={pending.length === 0} onClick={() => setAsCurl(true)}>
                {t('playground.asCurl')}
              </Button>
              <Button
                look="quiet"
                size="sm"
                icon={Eraser}
                disabled={turns.length === 0 && !chat.answer}
                onClick={() => {
                  chat.clear()
                  setTurns([])
                }}
              >
                {t('playground.clear')}
              </Button>
            </div>
            {streaming ? (
              <Button icon={Square} onClick={chat.stop}>
                {t('playground.stop')}
              </Button>
            ) : (
              <Button look="primary" icon={Send} type="submit" disabled={!model || pending.at(-1)?.role !== 'user'}>
                {t('playground.send')}
              </Button>
            )}
          </div>
        </form>
      </section>
      <Parameters settings={settings} onChange={setSettings} />
      {asCurl && <AsCurl request={request(model, settings, pending)} onClose={() => setAsCurl(false)} />}
    </div>
  )
}

function AsCurl({ request: body, onClose }: { request: ChatRequest; onClose: () => void }) {
  const { t } = useTranslation()
  const base = endpoint(useQuery(queries.status).data)
  const command = [
    `curl -N ${base}/chat/completions \\`,
    '  -H "Authorization: Bearer $POSTHOUSE_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d ${shellQuote(JSON.stringify({ ...body, stream: true }, null, 2))}`,
  ].join('\n')
  return (
    <Dialog open wide onClose={onClose} title={t('playground.asCurl')}>
      <Code text={command} />
    </Dialog>
  )
}
