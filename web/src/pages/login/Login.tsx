import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '@/api/client'
import { ApiError } from '@/api/problem'
import { client, queries } from '@/api/queries'
import { useCountdown, useTitle } from '@/lib/hooks'
import { useParam } from '@/lib/params'
import { Bare } from '@/shell/Bare'
import { Button } from '@/ui/Button'
import { Code } from '@/ui/Copy'
import { Disclosure } from '@/ui/Disclosure'
import { ErrorNote, Notice } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { SecretField } from '@/ui/SecretField'

/** Where to go after login: only places of our own. */
export function safeNext(next: string | undefined): string {
  return next?.startsWith('/') && !next.startsWith('//') && !next.startsWith('/\\') ? next : '/'
}

export default function Login() {
  const { t } = useTranslation()
  useTitle(t('login.title'))
  const navigate = useNavigate()
  const [next] = useParam('next')
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [left, startCountdown] = useCountdown()
  const setup = useQuery(queries.setup)
  useEffect(() => {
    if (setup.data?.needed) void navigate({ to: '/setup', replace: true })
  }, [setup.data, navigate])

  const login = useMutation({
    mutationFn: () => unwrap(api.POST('/api/login', { body: { name, password } })),
    onSuccess: (me) => {
      client.setQueryData(queries.me.queryKey, me)
      void navigate({ href: safeNext(next), replace: true })
    },
    onError: (error) => {
      if (error instanceof ApiError && error.code === 'locked_out') startCountdown(error.retryAfter ?? 5)
    },
  })
  const wrong = login.error instanceof ApiError && login.error.code === 'wrong_credentials'
  const locked = login.error instanceof ApiError && login.error.code === 'locked_out'

  return (
    <Bare>
      <h1 className="font-semibold text-2xl tracking-tight">{t('login.welcome')}</h1>
      <p className="mt-1 mb-6 text-ink2">{t('login.intro')}</p>
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (left === 0) login.mutate()
        }}
      >
        <TextField label={t('login.name')} name="username" autoComplete="username" autoFocus value={name} onChange={setName} required />
        <SecretField
          label={t('login.password')}
          name="password"
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
          error={wrong && !login.isPending ? t('login.wrong') : undefined}
        />
        {locked && left > 0 && (
          <div role="status">
            <Notice>{t('login.locked', { count: left })}</Notice>
          </div>
        )}
        {login.isError && !wrong && !locked && <ErrorNote error={login.error} />}
        <Button look="primary" size="lg" type="submit" busy={login.isPending} disabled={left > 0 || !name || !password} className="w-full">
          {t('login.action')}
        </Button>
      </form>
      <div className="mt-8">
        <Disclosure title={t('login.forgot')}>
          <p className="text-ink2">{t('login.forgotHint')}</p>
          <Code text="posthouse reset-password" />
        </Disclosure>
      </div>
    </Bare>
  )
}
