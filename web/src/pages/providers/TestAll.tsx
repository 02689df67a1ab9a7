import { useQueries } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, type Provider, unwrap } from '@/api/client'
import { refresh } from '@/api/queries'
import { ProbeResult } from '@/parts/ProbeResult'
import { Badge } from '@/ui/Badge'
import { Dialog } from '@/ui/Dialog'
import { ErrorNote, Skeleton } from '@/ui/Feedback'

/** Every provider with every key, tried at once. */
export function TestAll({ providers, onClose }: { providers: Provider[]; onClose: () => void }) {
  const { t } = useTranslation()
  const tests = useQueries({
    queries: providers.map((provider) => ({
      queryKey: ['test', provider.id],
      queryFn: async () => {
        const { results } = await unwrap(api.POST('/api/providers/{id}/test', { params: { path: { id: provider.id } } }))
        void refresh('providers')
        return results
      },
      gcTime: 0,
      retry: false,
      staleTime: Number.POSITIVE_INFINITY,
    })),
  })
  const done = tests.filter((test) => !test.isPending).length
  const good = tests.filter((test) => test.data?.length && test.data.every((probe) => probe.ok)).length
  return (
    <Dialog
      open
      wide
      kind="sheet"
      onClose={onClose}
      title={t('providers.testAll')}
      description={<span role="status">{t('providers.testedOf', { done, all: providers.length, good })}</span>}
    >
      <ul className="space-y-4">
        {providers.map((provider, i) => {
          const test = tests[i]
          const ok = test?.data?.every((probe) => probe.ok)
          return (
            <li key={provider.id}>
              <p className="mb-1 flex items-center gap-2 font-medium">
                {provider.name}
                {test?.data && (
                  <Badge tone={ok ? 'ok' : 'bad'} mark>
                    {ok ? t('providers.works') : t('providers.fails')}
                  </Badge>
                )}
              </p>
              {test?.isPending && <Skeleton className="h-12 w-full" />}
              {test?.error && <ErrorNote error={test.error} />}
              <div className="space-y-2">
                {test?.data?.map((probe, n) => (
                  <div key={probe.key_id ?? n}>
                    {probe.key && <p className="text-[0.93rem] text-ink2">{probe.key}</p>}
                    <ProbeResult probe={probe} />
                  </div>
                ))}
              </div>
            </li>
          )
        })}
      </ul>
    </Dialog>
  )
}
