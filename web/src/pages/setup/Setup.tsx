import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Check } from 'lucide-react'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/problem'
import { queries } from '@/api/queries'
import { useTitle } from '@/lib/hooks'
import { useParam, useSetParams } from '@/lib/params'
import { Bare } from '@/shell/Bare'
import { cx } from '@/ui/cx'
import { Loading } from '@/ui/Feedback'
import { AccountStep } from './AccountStep'
import { HelloStep } from './HelloStep'
import { ProviderStep } from './ProviderStep'

/** From nothing to a streamed answer: account, provider, hello. */
export default function Setup() {
  const { t } = useTranslation()
  useTitle(t('setup.title'))
  const navigate = useNavigate()
  const [asked] = useParam('step')
  const [token] = useParam('t')
  const setParams = useSetParams()
  const setup = useQuery(queries.setup)
  const needed = setup.data?.needed
  const me = useQuery({ ...queries.me, enabled: needed === false })
  const step = needed ? 1 : asked === '3' ? 3 : 2
  const strange = needed === false && me.error instanceof ApiError && me.error.status === 401
  useEffect(() => {
    if (strange) void navigate({ to: '/login', replace: true })
  }, [strange, navigate])

  return (
    <Bare wide>
      <Steps at={step} />
      <Loading query={setup}>
        {() => (
          <>
            {step === 1 && (
              <AccountStep
                token={token}
                tokenNeeded={setup.data?.token_needed ?? false}
                onDone={() => setParams({ step: '2', t: undefined })}
              />
            )}
            {step === 2 && me.data && <ProviderStep onDone={() => setParams({ step: '3' })} />}
            {step === 3 && me.data && <HelloStep onBack={() => setParams({ step: '2' })} />}
          </>
        )}
      </Loading>
    </Bare>
  )
}

function Steps({ at }: { at: number }) {
  const { t } = useTranslation()
  const names = [t('setup.step.account'), t('setup.step.provider'), t('setup.step.hello')]
  return (
    <ol aria-label={t('setup.title')} className="mb-8 flex items-center gap-2 sm:gap-3">
      {names.map((name, i) => {
        const done = i + 1 < at
        const now = i + 1 === at
        return (
          <li key={name} aria-current={now ? 'step' : undefined} className={cx('flex items-center gap-2', i > 0 && 'flex-1')}>
            {i > 0 && <span aria-hidden className={cx('h-px flex-1', done || now ? 'bg-accent' : 'bg-line2')} />}
            <span
              className={cx(
                'flex size-7 items-center justify-center rounded-full font-semibold text-[0.93rem]',
                done || now ? 'bg-accent text-onaccent' : 'border border-line2 text-ink2',
              )}
            >
              {done ? <Check aria-hidden className="size-4" /> : i + 1}
            </span>
            <span className={cx(now ? 'font-medium' : 'text-ink2 max-sm:sr-only')}>{name}</span>
          </li>
        )
      })}
    </ol>
  )
}
