import { useMutation } from '@tanstack/react-query'
import { Archive, Download, FileUp } from 'lucide-react'
import { type ChangeEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Plan, unwrap } from '@/api/client'
import { ApiError } from '@/api/problem'
import { refresh } from '@/api/queries'
import { said } from '@/lib/said'
import { DiffTable } from '@/parts/DiffTable'
import { Badge, type Tone } from '@/ui/Badge'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { ErrorNote, Notice } from '@/ui/Feedback'
import { TextArea } from '@/ui/Field'
import { toast } from '@/ui/toast'
import { Restore } from './Restore'

const link =
  'inline-flex min-h-[2.375rem] items-center gap-1.5 rounded-lg border border-line2 px-3.5 font-medium hover:border-ink3 hover:bg-sunken'

/** The whole configuration as one document. */
export function Configuration() {
  const { t } = useTranslation()
  return (
    <div className="space-y-4">
      <Card title={t('config.export')} note={t('config.exportNote')}>
        <div className="flex flex-wrap gap-2">
          <a href="/api/config" download="posthouse.yaml" className={link}>
            <Download aria-hidden className="size-4" />
            {t('config.download')}
          </a>
          <a href="/api/backup" download className={link}>
            <Archive aria-hidden className="size-4" />
            {t('config.backup')}
          </a>
        </div>
      </Card>
      <Restore />
      <Apply />
    </div>
  )
}

function Apply() {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const send = (dryRun: boolean) =>
    unwrap(
      api.POST('/api/config', {
        params: { query: { dry_run: dryRun } },
        body: text,
        bodySerializer: (body) => body,
        headers: { 'Content-Type': 'application/yaml' },
      }),
    )
  const preview = useMutation({ mutationFn: () => send(true) })
  const apply = useMutation({
    mutationFn: () => send(false),
    onSuccess: async (plan) => {
      toast(t('config.applied', { count: plan.changes.length }))
      preview.reset()
      setText('')
      await refresh('providers', 'routes', 'consumers', 'settings')
    },
  })
  const load = useMutation({
    mutationFn: () => unwrap(api.GET('/api/config', { parseAs: 'text' })),
    onSuccess: (yaml) => change(String(yaml)),
  })
  const change = (next: string) => {
    setText(next)
    preview.reset()
    apply.reset()
  }
  const open = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0]
    if (file) change(await file.text())
    event.target.value = ''
  }
  const error = apply.error ?? preview.error ?? load.error
  return (
    <Card title={t('config.apply')} note={t('config.applyNote')}>
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          preview.mutate()
        }}
      >
        <div className="flex flex-wrap gap-2">
          <label className={`${link} cursor-pointer focus-within:outline-2 focus-within:outline-accent`}>
            <FileUp aria-hidden className="size-4" />
            {t('config.open')}
            <input type="file" accept=".yaml,.yml,.json,application/yaml" onChange={(e) => void open(e)} className="sr-only" />
          </label>
          <Button busy={load.isPending} onClick={() => load.mutate()}>
            {t('config.current')}
          </Button>
        </div>
        <TextArea
          label={t('config.document')}
          rows={14}
          mono
          value={text}
          onChange={change}
          placeholder={
            'providers:\n  - name: deepseek\n    vendor: deepseek\n    keys:\n      - name: key-1\n        value: ${DEEPSEEK_API_KEY}'
          }
        />
        <Button type="submit" look={preview.data ? 'plain' : 'primary'} busy={preview.isPending} disabled={!text.trim()}>
          {t('config.preview')}
        </Button>
        {error && <Faults error={error} />}
      </form>
      {preview.data && (
        <div className="mt-4 space-y-4">
          <Changes plan={preview.data} />
          {preview.data.changes.length > 0 && (
            <Button look="primary" busy={apply.isPending} onClick={() => apply.mutate()}>
              {t('config.applyAction', { count: preview.data.changes.length })}
            </Button>
          )}
        </div>
      )}
    </Card>
  )
}

function Faults({ error }: { error: unknown }) {
  const { t } = useTranslation()
  const faults = error instanceof ApiError ? (error.problem?.errors ?? []) : []
  return (
    <div className="space-y-2">
      <ErrorNote error={error} />
      {faults.length > 0 && (
        <ul className="space-y-1 rounded-xl border border-line p-3">
          {faults.map((fault, i) => (
            <li key={i} className="break-words">
              {fault.line ? <span className="mr-2 font-medium">{t('config.line', { n: fault.line })}</span> : null}
              {fault.location && <code className="mr-2 text-ink2">{fault.location}</code>}
              {said(fault.message)}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

const tones: Record<Plan['changes'][number]['op'], Tone> = { create: 'ok', update: 'accent', delete: 'bad' }

function Changes({ plan }: { plan: Plan }) {
  const { t } = useTranslation()
  if (plan.changes.length === 0) return <Notice tone="ok">{t('config.nothing')}</Notice>
  return (
    <ol className="space-y-3">
      {plan.changes.map((change) => (
        <li key={`${change.kind} ${change.name}`}>
          <p className="mb-1.5 flex flex-wrap items-center gap-2">
            <Badge tone={tones[change.op]}>{t(`op.${change.op}`)}</Badge>
            <span className="text-ink2">{change.kind}</span>
            <span className="font-semibold">{change.name}</span>
          </p>
          {change.fields.length > 0 && (
            <DiffTable rows={change.fields.map((f) => ({ field: f.field, before: f.before || undefined, after: f.after || undefined }))} />
          )}
        </li>
      ))}
    </ol>
  )
}
