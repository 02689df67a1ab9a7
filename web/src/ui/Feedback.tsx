import { CircleAlert, type LucideIcon, RotateCw, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/problem'
import { said } from '@/lib/said'
import { Button } from './Button'
import { cx } from './cx'

/** Nothing here yet, and what to do about it. */
export function Empty({
  icon: Icon,
  title,
  children,
  action,
}: {
  icon: LucideIcon
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="flex flex-col items-center rounded-2xl border border-line2 border-dashed px-6 py-12 text-center">
      <span className="mb-3 flex size-12 items-center justify-center rounded-2xl bg-tint text-accent">
        <Icon aria-hidden className="size-6" />
      </span>
      <h2 className="font-semibold text-[1.1rem]">{title}</h2>
      {children && <p className="mt-1 max-w-md text-ink2">{children}</p>}
      {action && <div className="mt-5 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  )
}

// What the server's own words are about, in the language shown.
const headlines = [
  'invalid',
  'unservable',
  'in_use',
  'exists',
  'not_found',
  'stale_version',
  'busy',
  'disk_full',
  'setup_token',
  'setup_done',
  'locked_out',
  'vendor_failed',
  'unlisted',
  'internal',
  'model_not_found',
  'cut',
] as const

/** What went wrong, in the server's words, with the id under which its log has more. */
export function ErrorNote({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation()
  const known = error instanceof ApiError ? error : undefined
  const lost = known?.status === 0
  const headline = headlines.find((code) => code === known?.code)
  return (
    <div role="alert" className="flex gap-3 rounded-xl bg-badbg px-3.5 py-3 text-bad">
      <CircleAlert aria-hidden className="mt-0.5 size-[1.15rem] shrink-0" />
      <div className="min-w-0 flex-1 break-words">
        {headline && <p className="font-semibold">{t(`problem.${headline}`)}</p>}
        <p className={headline ? undefined : 'font-medium'}>
          {lost ? t('error.lost') : known?.problem ? said(known.problem.detail) : t('error.unexpected')}
        </p>
        {lost && <p>{t('error.lostHint')}</p>}
        {!known && error instanceof Error && <p className="text-[0.93rem]">{error.message}</p>}
        {known?.requestId && <p className="mt-1 font-mono text-[0.86rem]">{t('error.requestId', { id: known.requestId })}</p>}
        {retry && (
          <Button size="sm" icon={RotateCw} onClick={retry} className="mt-2">
            {t('common.retry')}
          </Button>
        )}
      </div>
    </div>
  )
}

/** Something to know before going on. */
export function Notice({ tone = 'warn', children }: { tone?: 'warn' | 'info' | 'ok'; children: ReactNode }) {
  const looks = { warn: 'bg-warnbg text-warn', info: 'bg-tint text-ink', ok: 'bg-okbg text-ok' }
  return (
    <div className={cx('flex gap-3 rounded-xl px-3.5 py-3', looks[tone])}>
      {tone === 'warn' && <TriangleAlert aria-hidden className="mt-0.5 size-[1.15rem] shrink-0" />}
      <div className="min-w-0 flex-1 break-words">{children}</div>
    </div>
  )
}

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cx('animate-[breathe_1.6s_ease-in-out_infinite] rounded-lg bg-line', className)} />
}

/** The outline of a list that is still on its way. */
export function SkeletonRows({ rows = 4 }: { rows?: number }) {
  const { t } = useTranslation()
  return (
    <div role="status" aria-label={t('common.loading')} className="space-y-2.5 p-1">
      {Array.from({ length: rows }, (_, i) => (
        <Skeleton key={i} className="h-14 w-full" />
      ))}
    </div>
  )
}

interface Loaded<T> {
  data: T | undefined
  error: unknown
  refetch: () => unknown
}

/** Whether there was no answer at all; the shell says so for the whole page. */
function isLost(error: unknown): boolean {
  return error instanceof ApiError && error.status === 0
}

/** Shows a query's outline, failure or result; old data stays while a reload fails. */
export function Loading<T>({ query, children, rows }: { query: Loaded<T>; children: (data: T) => ReactNode; rows?: number }) {
  if (query.data === undefined) {
    return query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : <SkeletonRows rows={rows} />
  }
  return (
    <>
      {query.error && !isLost(query.error) ? (
        <div className="mb-4">
          <ErrorNote error={query.error} retry={() => void query.refetch()} />
        </div>
      ) : null}
      {children(query.data)}
    </>
  )
}
