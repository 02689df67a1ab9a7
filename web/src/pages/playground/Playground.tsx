import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Boxes } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { queries } from '@/api/queries'
import { useParam } from '@/lib/params'
import { takeReplay } from '@/lib/replay'
import { modelChoices } from '@/parts/models'
import { Empty, Loading, SkeletonRows } from '@/ui/Feedback'
import { toastError } from '@/ui/toast'
import { noParams, turnsOf } from './conversation'
import { type Session, unpack } from './share'
import { Workbench } from './Workbench'

export default function Playground() {
  const { t } = useTranslation()
  const providers = useQuery(queries.providers)
  const routes = useQuery(queries.routes).data ?? []
  const vendors = useQuery(queries.vendors).data ?? []
  return (
    <Loading query={providers}>
      {(list) =>
        list.some((p) => p.enabled) ? (
          <Opened models={modelChoices(list, routes, vendors).map((c) => c.value)} />
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

/** Begins with what the address shares, with a request to be replayed, or with the models it names. */
function Opened({ models }: { models: string[] }) {
  const { t } = useTranslation()
  const [named] = useParam('model')
  const [session, setSession] = useState<Session>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what the page was opened with counts
  useEffect(() => {
    void begin(named, models[0] ?? '').then(({ session: first, broken }) => {
      setSession(first)
      if (broken) toastError(t('playground.badLink'))
    })
  }, [])
  return session ? <Workbench first={session} models={models} /> : <SkeletonRows rows={3} />
}

async function begin(named: string | undefined, first: string): Promise<{ session: Session; broken: boolean }> {
  const packed = /^#s=([\w-]+)$/.exec(window.location.hash)?.[1]
  const shared = packed ? await unpack(packed) : undefined
  if (shared && shared.columns.length > 0) return { session: shared, broken: false }
  const replay = takeReplay()
  const replayed = replay && turnsOf(replay.messages)
  const names = replay ? [replay.model] : (named?.split(',').filter(Boolean).slice(0, 4) ?? [first])
  return {
    session: {
      columns: names.map((model, i) => ({ id: i + 1, model, turns: replayed?.turns ?? [] })),
      params: { ...noParams, system: replayed?.system ?? '' },
      draft: '',
    },
    broken: packed !== undefined,
  }
}
