import { useMutation, useQuery } from '@tanstack/react-query'
import { KeyRound, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type APIToken, api, unwrap } from '@/api/client'
import { faultAt, isAllInFields } from '@/api/problem'
import { queries, refresh } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { SecretShown } from '@/parts/SecretShown'
import { Badge } from '@/ui/Badge'
import { Button, IconButton } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Confirm } from '@/ui/Confirm'
import { Dialog } from '@/ui/Dialog'
import { ExpiryField } from '@/ui/ExpiryField'
import { Empty, ErrorNote, Loading } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'

/** Tokens by which programs use the console's API. */
export function Tokens() {
  const { t } = useTranslation()
  const tokens = useQuery(queries.tokens)
  const [making, setMaking] = useState(false)
  const add = (
    <Button look="primary" icon={Plus} onClick={() => setMaking(true)}>
      {t('tokens.add')}
    </Button>
  )
  return (
    <>
      <Loading query={tokens}>
        {(all) => {
          const list = all.filter((token) => !token.revoked)
          if (list.length === 0) {
            return (
              <Empty icon={KeyRound} title={t('tokens.emptyTitle')} action={add}>
                {t('tokens.intro')}
              </Empty>
            )
          }
          return (
            <Card title={t('settings.tab.tokens')} note={t('tokens.intro')} actions={add} flush>
              <ul className="divide-y divide-line border-line border-t">
                {list.map((token) => (
                  <Row key={token.id} token={token} />
                ))}
              </ul>
            </Card>
          )
        }}
      </Loading>
      {making && <NewToken onClose={() => setMaking(false)} />}
    </>
  )
}

function Row({ token }: { token: APIToken }) {
  const { t } = useTranslation()
  const f = useFormat()
  const [revoking, setRevoking] = useState(false)
  const over = token.expires !== undefined && new Date(token.expires).getTime() < Date.now()
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
      <div className="min-w-0 flex-1">
        <span className="break-all font-medium">{token.name}</span> <span className="font-mono text-[0.9rem] text-ink2">{token.hint}</span>
        <p className="text-[0.93rem] text-ink3">
          {t('keys.created', { when: f.date(token.created_at) })}
          {' · '}
          {token.last_used_at ? t('tokens.used', { when: f.ago(token.last_used_at) }) : t('tokens.unused')}
          {' · '}
          {token.expires ? t('keys.expires', { when: f.time(token.expires) }) : t('keys.never')}
        </p>
      </div>
      {over && (
        <Badge tone="bad" mark>
          {t('keys.expired')}
        </Badge>
      )}
      <IconButton label={t('tokens.revoke', { name: token.name })} icon={Trash2} danger onClick={() => setRevoking(true)} />
      {revoking && (
        <Confirm
          title={t('tokens.revoke', { name: token.name })}
          action={t('tokens.revokeAction')}
          onClose={() => setRevoking(false)}
          onConfirm={async () => {
            await unwrap(api.DELETE('/api/tokens/{id}', { params: { path: { id: token.id } } }))
            await refresh('tokens')
          }}
        >
          <p>{t('tokens.revokeAsk')}</p>
        </Confirm>
      )}
    </li>
  )
}

function NewToken({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [expires, setExpires] = useState<string>()
  const make = useMutation({
    mutationFn: () => unwrap(api.POST('/api/tokens', { body: { name, expires } })),
    onSuccess: () => refresh('tokens'),
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={make.data ? t('tokens.new') : t('tokens.add')}
      footer={
        make.data ? (
          <Button look="primary" onClick={onClose}>
            {t('keys.saved')}
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>{t('common.cancel')}</Button>
            <Button look="primary" type="submit" form="token-form" busy={make.isPending} disabled={!name.trim()}>
              {t('common.create')}
            </Button>
          </>
        )
      }
    >
      {make.data ? (
        <SecretShown secret={make.data.key} />
      ) : (
        <form
          id="token-form"
          className="space-y-4"
          onSubmit={(event) => {
            event.preventDefault()
            make.mutate()
          }}
        >
          <TextField
            label={t('tokens.name')}
            placeholder="ci"
            value={name}
            onChange={setName}
            error={faultAt(make.error, 'name')}
            autoFocus
          />
          <ExpiryField value={expires} onChange={setExpires} error={faultAt(make.error, 'expires')} />
          {make.isError && !isAllInFields(make.error, ['name', 'expires']) && <ErrorNote error={make.error} />}
        </form>
      )}
    </Dialog>
  )
}
