import { useMutation, useQuery } from '@tanstack/react-query'
import { MonitorSmartphone, Plus, Trash2, UserRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type AdminUser, api, unwrap } from '@/api/client'
import { faultAt, isAllInFields } from '@/api/problem'
import { queries, refresh } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { clientName } from '@/lib/userAgent'
import { Badge } from '@/ui/Badge'
import { Button, IconButton } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Confirm } from '@/ui/Confirm'
import { Dialog } from '@/ui/Dialog'
import { ErrorNote, Loading } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { SecretField } from '@/ui/SecretField'
import { toast } from '@/ui/toast'

/** Who may use the console, and where they are logged in. */
export function People() {
  const { t } = useTranslation()
  const admins = useQuery(queries.admins)
  const [making, setMaking] = useState(false)
  return (
    <>
      <Loading query={admins}>
        {(list) => (
          <div className="space-y-4">
            <div className="flex items-center justify-between gap-3">
              <p className="text-ink2">{t('people.intro')}</p>
              <Button look="primary" icon={Plus} onClick={() => setMaking(true)}>
                {t('people.add')}
              </Button>
            </div>
            {list.map((admin) => (
              <Person key={admin.id} admin={admin} />
            ))}
          </div>
        )}
      </Loading>
      {making && <NewAdmin onClose={() => setMaking(false)} />}
    </>
  )
}

function Person({ admin }: { admin: AdminUser }) {
  const { t } = useTranslation()
  const f = useFormat()
  const [removing, setRemoving] = useState(false)
  const end = useMutation({
    mutationFn: (id: string) => unwrap(api.DELETE('/api/sessions/{id}', { params: { path: { id } } })),
    onSuccess: () => toast(t('people.ended')),
    onSettled: () => refresh('admins'),
  })
  return (
    <Card
      flush
      title={
        <span className="flex flex-wrap items-center gap-2">
          <UserRound aria-hidden className="size-4 text-ink3" />
          {admin.name}
          {admin.you && <Badge tone="accent">{t('people.you')}</Badge>}
        </span>
      }
      note={t('people.password', { when: f.date(admin.password_at) })}
      actions={
        !admin.you && (
          <Button size="sm" look="dangerQuiet" icon={Trash2} onClick={() => setRemoving(true)}>
            {t('common.remove')}
          </Button>
        )
      }
    >
      <ul className="divide-y divide-line border-line border-t">
        {admin.sessions.map((session) => (
          <li key={session.id} className="flex flex-wrap items-center gap-x-3 gap-y-0.5 px-4 py-2">
            <MonitorSmartphone aria-hidden className="size-4 shrink-0 text-ink3" />
            <span className="min-w-0 flex-1" title={session.client}>
              {clientName(session.client) || t('people.unknown')} <span className="font-mono text-[0.9rem] text-ink2">{session.ip}</span>
              <span className="block text-[0.93rem] text-ink3">
                {t('people.seen', { when: f.ago(session.seen_at) })} · {t('keys.expires', { when: f.time(session.expires) })}
              </span>
            </span>
            {session.this ? (
              <Badge tone="ok" mark>
                {t('people.this')}
              </Badge>
            ) : (
              <IconButton
                label={t('people.end', { name: clientName(session.client) || session.ip })}
                icon={Trash2}
                danger
                disabled={end.isPending}
                onClick={() => end.mutate(session.id)}
              />
            )}
          </li>
        ))}
        {admin.sessions.length === 0 && <li className="px-4 py-2 text-ink2">{t('people.none')}</li>}
      </ul>
      {end.isError && (
        <div className="p-3">
          <ErrorNote error={end.error} />
        </div>
      )}
      {removing && (
        <Confirm
          title={t('people.removeTitle', { name: admin.name })}
          action={t('common.remove')}
          onClose={() => setRemoving(false)}
          onConfirm={async () => {
            await unwrap(api.DELETE('/api/admins/{id}', { params: { path: { id: admin.id } } }))
            await refresh('admins', 'tokens')
          }}
        >
          <p>{t('people.removeAsk')}</p>
        </Confirm>
      )}
    </Card>
  )
}

function NewAdmin({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [current, setCurrent] = useState('')
  const make = useMutation({
    mutationFn: () => unwrap(api.POST('/api/admins', { body: { name, password, current } })),
    onSuccess: async () => {
      toast(t('people.made', { name }))
      onClose()
      await refresh('admins')
    },
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('people.add')}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit" form="admin-form" busy={make.isPending} disabled={!name || !password || !current}>
            {t('common.create')}
          </Button>
        </>
      }
    >
      <form
        id="admin-form"
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          make.mutate()
        }}
      >
        <TextField label={t('login.name')} value={name} onChange={setName} error={faultAt(make.error, 'name')} autoComplete="off" />
        <SecretField
          label={t('people.theirs')}
          hint={t('people.theirsHint')}
          value={password}
          onChange={setPassword}
          autoComplete="new-password"
          error={faultAt(make.error, 'password')}
        />
        <SecretField
          label={t('people.yours')}
          value={current}
          onChange={setCurrent}
          autoComplete="current-password"
          error={faultAt(make.error, 'current')}
        />
        {make.isError && !isAllInFields(make.error, ['name', 'password', 'current']) && <ErrorNote error={make.error} />}
      </form>
    </Dialog>
  )
}
