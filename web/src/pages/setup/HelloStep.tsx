import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ArrowRight, Boxes, Send, Square } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Provider, Vendor } from '@/api/client'
import { client, queries } from '@/api/queries'
import { AnswerFigures } from '@/parts/AnswerFigures'
import { modelChoices } from '@/parts/models'
import { Snippets } from '@/parts/Snippets'
import { useChat } from '@/parts/useChat'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Empty, ErrorNote, Loading } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { firstModel, type Probed, probedKey } from './first'

export function HelloStep({ onBack }: { onBack: () => void }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const providers = useQuery(queries.providers)
  const routes = useQuery(queries.routes).data ?? []
  const vendors = useQuery(queries.vendors).data ?? []
  const probed = client.getQueryData<Probed>(probedKey)
  return (
    <Loading query={providers}>
      {(list) => {
        const newest = [...list].sort((a, b) => b.created_at.localeCompare(a.created_at))
        const choices = modelChoices(newest, routes, vendors)
        if (list.length === 0) {
          return <Empty icon={Boxes} title={t('setup.hello.none')} action={<Button onClick={onBack}>{t('setup.hello.back')}</Button>} />
        }
        return (
          <div className="space-y-6">
            <div>
              <h1 className="font-semibold text-2xl tracking-tight">{t('setup.hello.title')}</h1>
              <p className="mt-1 text-ink2">{t('setup.hello.intro')}</p>
            </div>
            <Hello models={choices.map((c) => c.value)} first={firstModel(choices, probed, vendorOf(probed, newest, vendors))} />
            <div className="flex flex-wrap justify-between gap-2">
              <Button look="quiet" onClick={onBack}>
                {t('setup.hello.another')}
              </Button>
              <Button look="primary" size="lg" onClick={() => void navigate({ to: '/' })}>
                {t('setup.hello.done')} <ArrowRight aria-hidden className="size-4" />
              </Button>
            </div>
          </div>
        )
      }}
    </Loading>
  )
}

function vendorOf(probed: Probed | undefined, providers: readonly Provider[], vendors: readonly Vendor[]): Vendor | undefined {
  const id = providers.find((p) => p.name === probed?.provider)?.vendor
  return vendors.find((v) => v.id === id)
}

function Hello({ models, first }: { models: string[]; first: string }) {
  const { t } = useTranslation()
  const [typed, setModel] = useState<string>()
  const [prompt, setPrompt] = useState(t('snippets.prompt'))
  const { answer, ask, stop } = useChat()
  const model = typed ?? first
  const streaming = answer?.state === 'streaming'
  return (
    <>
      <Card>
        <form
          className="space-y-4"
          onSubmit={(event) => {
            event.preventDefault()
            if (!streaming) void ask({ model, messages: [{ role: 'user', content: prompt }] })
          }}
        >
          <div className="grid gap-4 sm:grid-cols-2">
            <TextField label={t('chat.model')} value={model} onChange={setModel} suggestions={models} mono />
            <TextField label={t('chat.prompt')} value={prompt} onChange={setPrompt} />
          </div>
          {streaming ? (
            <Button size="lg" icon={Square} onClick={stop}>
              {t('playground.stop')}
            </Button>
          ) : (
            <Button look="primary" size="lg" icon={Send} type="submit" disabled={!model || !prompt}>
              {t('playground.send')}
            </Button>
          )}
        </form>
        {answer && (
          <div className="mt-4 space-y-3 border-line border-t pt-4">
            {answer.thought && !answer.text && <p className="whitespace-pre-wrap text-ink3">{answer.thought}</p>}
            <p data-testid="answer" aria-live="polite" className="min-h-6 whitespace-pre-wrap break-words text-[1.07rem]">
              {answer.text}
            </p>
            {answer.state === 'failed' && <ErrorNote error={answer.error} />}
            <AnswerFigures answer={answer} />
          </div>
        )}
      </Card>
      <Card title={t('snippets.title')} note={t('snippets.note')}>
        <Snippets model={model} />
      </Card>
    </>
  )
}
