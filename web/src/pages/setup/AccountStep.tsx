import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '@/api/client'
import { ApiError, faultAt, isAllInFields } from '@/api/problem'
import { client, queries } from '@/api/queries'
import { Button } from '@/ui/Button'
import { cx } from '@/ui/cx'
import { ErrorNote } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { SecretField } from '@/ui/SecretField'

interface Props {
  token: string | undefined
  tokenNeeded: boolean
  onDone: () => void
}

export function AccountStep({ token: given, tokenNeeded, onDone }: Props) {
  const { t } = useTranslation()
  const [name, setName] = useState('admin')
  const [password, setPassword] = useState('')
  const [token, setToken] = useState(given ?? '')
  const create = useMutation({
    mutationFn: () => unwrap(api.POST('/api/setup', { body: { name, password, token: token || undefined } })),
    onSuccess: (me) => {
      client.setQueryData(queries.me.queryKey, me)
      client.setQueryData(queries.setup.queryKey, { needed: false, token_needed: false })
      onDone()
    },
  })
  const tokenRefused = create.error instanceof ApiError && create.error.code === 'setup_token'
  const inFields = isAllInFields(create.error, ['name', 'password', 'token'])
  return (
    <form
      className="mx-auto max-w-md space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        create.mutate()
      }}
    >
      <div className="mb-6">
        <h1 className="font-semibold text-2xl tracking-tight">{t('setup.account.title')}</h1>
        <p className="mt-1 text-ink2">{t('setup.account.intro')}</p>
      </div>
      <TextField
        label={t('login.name')}
        name="username"
        autoComplete="username"
        value={name}
        onChange={setName}
        error={faultAt(create.error, 'name')}
      />
      <div>
        <SecretField
          label={t('login.password')}
          name="password"
          autoComplete="new-password"
          autoFocus
          value={password}
          onChange={setPassword}
          error={faultAt(create.error, 'password')}
        />
        <Strength password={password} />
      </div>
      {tokenNeeded && (!given || tokenRefused) && (
        <TextField
          label={t('setup.account.token')}
          hint={t('setup.account.tokenHint')}
          value={token}
          onChange={setToken}
          error={faultAt(create.error, 'token')}
          mono
        />
      )}
      {create.isError && !inFields && <ErrorNote error={create.error} />}
      <Button look="primary" size="lg" type="submit" busy={create.isPending} disabled={!name || password.length < 10} className="w-full">
        {t('setup.account.action')}
      </Button>
    </form>
  )
}

/** How hard a password is to guess: 0 too short, then 1 to 3. */
export function strength(password: string): number {
  if (password.length < 10) return 0
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) => kind.test(password)).length
  const distinct = new Set(password).size
  if (distinct < 6) return 1
  return Math.min(3, 1 + (password.length >= 14 ? 1 : 0) + (kinds >= 3 || password.length >= 20 ? 1 : 0))
}

function Strength({ password }: { password: string }) {
  const { t } = useTranslation()
  const level = strength(password)
  const words = [t('setup.passwordHint'), t('setup.strength.weak'), t('setup.strength.fair'), t('setup.strength.strong')]
  const colours = ['bg-line2', 'bg-[#d08700]', 'bg-accent', 'bg-[#1f9d63]']
  return (
    <div className="mt-2 flex items-center gap-3" aria-live="polite">
      <div aria-hidden className="flex flex-1 gap-1">
        {[1, 2, 3].map((n) => (
          <span key={n} className={cx('h-1 flex-1 rounded-full', n <= level ? colours[level] : 'bg-line2')} />
        ))}
      </div>
      <span className="text-[0.93rem] text-ink3">{words[level]}</span>
    </div>
  )
}
