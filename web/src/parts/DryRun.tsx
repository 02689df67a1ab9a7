import { useMutation, useQuery } from '@tanstack/react-query'
import { Signpost } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Explanation, unwrap } from '@/api/client'
import { queries } from '@/api/queries'
import { said } from '@/lib/said'
import { Badge } from '@/ui/Badge'
import { Button } from '@/ui/Button'
import { Disclosure } from '@/ui/Disclosure'
import { ErrorNote, Notice } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { type Pair, PairsField, toTable } from '@/ui/PairsField'
import { Select } from '@/ui/Select'
import { modelChoices } from './models'

/** Which way would a request go now, and why? Nobody is asked. */
export function DryRun({ model: given = '' }: { model?: string }) {
  const { t } = useTranslation()
  const [typed, setModel] = useState<string>()
  const [consumer, setConsumer] = useState('')
  const [host, setHost] = useState('')
  const [path, setPath] = useState('')
  const [headers, setHeaders] = useState<Pair[]>([])
  const model = typed ?? given
  const consumers = useQuery(queries.consumers).data ?? []
  const choices = modelChoices(
    useQuery(queries.providers).data ?? [],
    useQuery(queries.routes).data ?? [],
    useQuery(queries.vendors).data ?? [],
  )
  const ask = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/explain', {
          body: { model, consumer: consumer || undefined, host: host || undefined, path: path || undefined, headers: toTable(headers) },
        }),
      ),
  })
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        ask.mutate()
      }}
    >
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <TextField
          label={t('chat.model')}
          value={model}
          onChange={setModel}
          suggestions={choices.map((c) => c.value)}
          placeholder="gpt-4o"
          mono
        />
        <Select
          label={t('dryRun.consumer')}
          value={consumer}
          onChange={setConsumer}
          options={[{ value: '', label: t('dryRun.nobody') }, ...consumers.map((c) => ({ value: c.name, label: c.name }))]}
        />
      </div>
      <Disclosure title={t('common.advanced')} note={t('dryRun.advancedNote')}>
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField label={t('routes.host')} placeholder="localhost" value={host} onChange={setHost} mono />
          <TextField label={t('dryRun.path')} placeholder="/v1/chat/completions" value={path} onChange={setPath} mono />
        </div>
        <PairsField
          label={t('providers.headers')}
          pairs={headers}
          onChange={setHeaders}
          nameLabel={t('providers.headerName')}
          valueLabel={t('providers.headerValue')}
        />
      </Disclosure>
      <Button icon={Signpost} type="submit" busy={ask.isPending} disabled={!model}>
        {t('dryRun.action')}
      </Button>
      {ask.isError && <ErrorNote error={ask.error} />}
      {ask.data && <Way way={ask.data} />}
    </form>
  )
}

function Way({ way }: { way: Explanation }) {
  const { t } = useTranslation()
  const steps = [...new Set(way.targets.map((target) => target.step))]
  return (
    <div role="status" className="space-y-3 rounded-xl border border-line bg-sunken p-3.5">
      {way.error ? (
        <Notice>{said(way.error)}</Notice>
      ) : (
        <p>
          <span className="font-semibold">{way.route || t('dryRun.noRoute')}</span>
          {way.reason && <span className="text-ink2"> — {said(way.reason)}</span>}
        </p>
      )}
      <ol className="space-y-2">
        {steps.map((step) => (
          <li key={step} className="flex flex-wrap items-start gap-x-3 gap-y-1">
            <span className="w-24 text-ink2">{step === 0 ? t('routes.primary') : t('routes.fallbackN', { n: step })}</span>
            <ul className="min-w-0 flex-1 space-y-1">
              {way.targets
                .filter((target) => target.step === step)
                .map((target, i) => (
                  <li key={i} className="flex flex-wrap items-center gap-2">
                    <span className="break-all font-mono text-[0.93rem]">
                      {target.provider}/{target.model}
                    </span>
                    <span className="text-ink2 tabular-nums">{Math.round(target.share * 100)}%</span>
                    <Badge tone={target.usable ? 'ok' : 'bad'} mark>
                      {target.usable ? t('dryRun.usable') : t('dryRun.skipped')}
                    </Badge>
                    {target.why && <span className="text-[0.93rem] text-ink2">{said(target.why)}</span>}
                  </li>
                ))}
            </ul>
          </li>
        ))}
      </ol>
      {way.considered.some((c) => !c.matched) && (
        <details className="text-[0.93rem]">
          <summary className="text-ink2">{t('dryRun.considered')}</summary>
          <ul className="mt-1 space-y-0.5">
            {way.considered
              .filter((c) => !c.matched)
              .map((c) => (
                <li key={c.route} className="break-words">
                  <span className="font-medium">{c.route}</span> <span className="text-ink2">— {said(c.why)}</span>
                </li>
              ))}
          </ul>
        </details>
      )}
    </div>
  )
}
