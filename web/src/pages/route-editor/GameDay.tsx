import { useMutation } from '@tanstack/react-query'
import { Flame } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type GameDay as Day, type Schemas, unwrap } from '@/api/client'
import { useFormat } from '@/lib/format'
import { said } from '@/lib/said'
import { Bars } from '@/parts/Bars'
import { classText } from '@/parts/failure'
import { Badge } from '@/ui/Badge'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { cx } from '@/ui/cx'
import { Dialog } from '@/ui/Dialog'
import { ErrorNote, Notice, SkeletonRows } from '@/ui/Feedback'
import { Segmented } from '@/ui/Segmented'
import { Switch } from '@/ui/Switch'

type Drill = Schemas['DrillView']
const modes = ['both', 'stream', 'whole'] as const

/** What would a client see if the first target failed in every way there is? */
export function GameDay({ id, dirty }: { id: string; dirty: boolean }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <Card title={t('gameday.title')} note={t('gameday.note')}>
      {dirty && <p className="mb-3 text-[0.93rem] text-ink2">{t('dryRun.unsaved')}</p>}
      <Button icon={Flame} onClick={() => setOpen(true)}>
        {t('gameday.open')}
      </Button>
      {open && <Sheet id={id} onClose={() => setOpen(false)} />}
    </Card>
  )
}

function Sheet({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation()
  const [mode, setMode] = useState<(typeof modes)[number]>('both')
  const [real, setReal] = useState(false)
  const run = useMutation({
    mutationFn: () => unwrap(api.POST('/api/routes/{id}/gameday', { params: { path: { id } }, body: { mode, real } })),
  })
  return (
    <Dialog open wide kind="sheet" onClose={onClose} title={t('gameday.title')} description={t('gameday.intro')}>
      <form
        className="mb-5 flex flex-wrap items-center gap-x-6 gap-y-3"
        onSubmit={(event) => {
          event.preventDefault()
          run.mutate()
        }}
      >
        <Segmented
          label={t('gameday.mode')}
          value={mode}
          options={modes.map((value) => ({ value, label: t(`gameday.modeOf.${value}`) }))}
          onChange={(next) => setMode(next as typeof mode)}
        />
        <Switch label={t('gameday.real')} checked={real} onChange={setReal} />
        <Button look="primary" type="submit" icon={Flame} busy={run.isPending}>
          {t('gameday.run')}
        </Button>
      </form>
      {real && <Notice>{t('gameday.realNote')}</Notice>}
      {run.isPending && (
        <div role="status" className="space-y-3">
          <p className="text-ink2">{t('gameday.running')}</p>
          <SkeletonRows rows={6} />
        </div>
      )}
      {run.isError && <ErrorNote error={run.error} />}
      {run.data && !run.isPending && <Results day={run.data} />}
    </Dialog>
  )
}

function Results({ day }: { day: Day }) {
  const { t } = useTranslation()
  const f = useFormat()
  const [wrongOnly, setWrongOnly] = useState(false)
  const shown = day.results.filter((drill) => !wrongOnly || !drill.right)
  return (
    <div className="space-y-3">
      <div
        className={cx('flex flex-wrap items-center gap-3 rounded-xl px-3.5 py-3', day.wrong > 0 ? 'bg-badbg text-bad' : 'bg-okbg text-ok')}
      >
        <p role="status" className="flex-1 font-semibold">
          {t('gameday.verdict', { right: day.right, all: day.right + day.wrong, time: f.ms(day.took_ms) })}
        </p>
        {day.wrong > 0 && (
          <Button size="sm" aria-pressed={wrongOnly} onClick={() => setWrongOnly(!wrongOnly)}>
            {t('gameday.wrongOnly')}
          </Button>
        )}
      </div>
      <ul className="divide-y divide-line rounded-xl border border-line">
        {shown.map((drill) => (
          <DrillRow key={`${drill.fault} ${drill.stream}`} drill={drill} />
        ))}
      </ul>
    </div>
  )
}

/** One fault: what the client saw of it, and what was going on behind. */
function DrillRow({ drill }: { drill: Drill }) {
  const { t } = useTranslation()
  const f = useFormat()
  const { client } = drill
  const saw = client.complete
    ? t('gameday.whole', { status: client.status })
    : client.broken
      ? t('gameday.broken')
      : client.status > 0
        ? t('gameday.told', { status: client.status })
        : t('gameday.nothing')
  const total = Math.max(1, client.took_ms, ...drill.attempts.map((a) => a.start_ms + a.duration_ms))
  return (
    <li>
      <details className="group">
        <summary className="grid list-none items-center gap-x-4 gap-y-1 px-3.5 py-2.5 hover:bg-sunken md:grid-cols-[minmax(0,1.3fr)_minmax(0,1fr)_minmax(8rem,0.9fr)]">
          <span className="min-w-0">
            <span className="flex flex-wrap items-center gap-2">
              <Badge tone={drill.right ? 'ok' : 'bad'} mark>
                {drill.right ? t('gameday.right') : t('gameday.wrong')}
              </Badge>
              <span className="font-mono text-[0.93rem]">{drill.fault}</span>
              <span className="text-[0.86rem] text-ink3">{drill.stream ? t('logs.streamed') : t('logs.whole')}</span>
            </span>
            <span className="block text-[0.93rem] text-ink2">{said(drill.about)}</span>
          </span>
          <span className="min-w-0 text-[0.93rem]">
            <span className="block font-medium">{saw}</span>
            <span className="block text-ink3 tabular-nums">
              {f.ms(client.took_ms)} · {t('gameday.attempts', { count: drill.attempts.length })}
              {drill.rescued && ` · ${t('logs.outcome.rescued')}`}
            </span>
          </span>
          <Bars attempts={drill.attempts} total={total} />
        </summary>
        <div className="space-y-3 border-line border-t bg-sunken px-3.5 py-3 text-[0.93rem]">
          <p>{said(drill.why)}</p>
          {(client.error || client.text) && (
            <blockquote className="break-words border-line2 border-l-2 pl-3 text-ink2">
              {client.error ? said(client.error) : client.text}
            </blockquote>
          )}
          <ol className="space-y-1">
            {drill.attempts.map((attempt, i) => (
              <li key={i} className="flex flex-wrap gap-x-3">
                <span className="font-medium">
                  {i + 1}. {attempt.provider}/{attempt.model}
                </span>
                <span className={attempt.class ? 'text-bad' : 'text-ok'}>
                  {attempt.class ? classText(t, attempt.class) : t('logs.outcome.ok')}
                </span>
                <span className="text-ink3 tabular-nums">
                  +{f.ms(attempt.start_ms)}, {f.ms(attempt.duration_ms)}
                </span>
              </li>
            ))}
            {drill.skipped.map((skip) => (
              <li key={`${skip.provider} ${skip.model}`} className="text-ink2">
                – {skip.provider}/{skip.model}: {said(skip.why)}
              </li>
            ))}
          </ol>
        </div>
      </details>
    </li>
  )
}
