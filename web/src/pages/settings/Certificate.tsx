import { useMutation, useQuery } from '@tanstack/react-query'
import { FileUp, RotateCcw } from 'lucide-react'
import { type ChangeEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '@/api/client'
import { faultAt, isAllInFields } from '@/api/problem'
import { client, queries } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { Badge } from '@/ui/Badge'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Confirm } from '@/ui/Confirm'
import { Disclosure } from '@/ui/Disclosure'
import { ErrorNote, Loading, Notice } from '@/ui/Feedback'
import { TextArea } from '@/ui/Field'
import { toast } from '@/ui/toast'

const day = 86_400_000

/** The certificate of the HTTPS door: what it is, until when, and another. */
export function Certificate() {
  const { t } = useTranslation()
  const f = useFormat()
  const state = useQuery(queries.certificate)
  const [resetting, setResetting] = useState(false)
  return (
    <Loading query={state}>
      {(cert) => {
        const left = (new Date(cert.not_after).getTime() - Date.now()) / day
        const facts: [string, string][] = [
          [t('tls.names'), cert.names.join(', ') || '–'],
          [t('tls.subject'), cert.subject],
          [t('tls.issuer'), cert.issuer],
          [t('tls.until'), `${f.date(cert.not_after)} (${f.ago(cert.not_after)})`],
          ['SHA-256', cert.sha256.replace(/(..)(?=.)/g, '$1:')],
          [t('tls.file'), cert.file],
        ]
        return (
          <Card
            title={t('tls.title')}
            note={t('tls.note')}
            actions={
              <Badge tone={left < 0 ? 'bad' : left < 30 && cert.from !== 'self' ? 'warn' : 'ok'} mark>
                {left < 0 ? t('keys.expired') : t(`tls.from.${cert.from}`)}
              </Badge>
            }
          >
            <dl className="divide-y divide-line">
              {facts.map(([name, value]) => (
                <div key={name} className="flex flex-wrap gap-x-4 py-1.5">
                  <dt className="w-40 text-ink2">{name}</dt>
                  <dd className="min-w-0 flex-1 break-all font-mono text-[0.9rem]">{value}</dd>
                </div>
              ))}
            </dl>
            {cert.from === 'flags' ? (
              <p className="mt-3 text-ink2">{t('tls.byFlags')}</p>
            ) : (
              <div className="mt-3 space-y-3">
                {cert.from === 'own' && (
                  <Button size="sm" icon={RotateCcw} onClick={() => setResetting(true)}>
                    {t('tls.reset')}
                  </Button>
                )}
                <Disclosure title={t('tls.replace')}>
                  <Upload />
                </Disclosure>
              </div>
            )}
            {resetting && (
              <Confirm
                title={t('tls.reset')}
                action={t('tls.resetAction')}
                onClose={() => setResetting(false)}
                onConfirm={async () => client.setQueryData(queries.certificate.queryKey, await unwrap(api.DELETE('/api/certificate')))}
              >
                <p>{t('tls.resetAsk')}</p>
              </Confirm>
            )}
          </Card>
        )
      }}
    </Loading>
  )
}

function Upload() {
  const { t } = useTranslation()
  const [cert, setCert] = useState('')
  const [key, setKey] = useState('')
  const put = useMutation({
    mutationFn: () => unwrap(api.PUT('/api/certificate', { body: { cert, key } })),
    onSuccess: (state) => {
      client.setQueryData(queries.certificate.queryKey, state)
      setCert('')
      setKey('')
      toast(t('tls.replaced'), state.names.join(', '))
    },
  })
  // A file may hold both.
  const take = async (event: ChangeEvent<HTMLInputElement>) => {
    for (const file of event.target.files ?? []) {
      const text = await file.text()
      if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) setKey(text)
      if (text.includes('-----BEGIN CERTIFICATE-----')) setCert(text)
    }
    event.target.value = ''
  }
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        put.mutate()
      }}
    >
      <label className="inline-flex min-h-[2.375rem] cursor-pointer items-center gap-1.5 rounded-lg border border-line2 px-3.5 font-medium focus-within:outline-2 focus-within:outline-accent hover:bg-sunken">
        <FileUp aria-hidden className="size-4" />
        {t('tls.files')}
        <input type="file" multiple accept=".pem,.crt,.cer,.key" onChange={(e) => void take(e)} className="sr-only" />
      </label>
      <TextArea
        label={t('tls.cert')}
        hint={t('tls.certHint')}
        placeholder="-----BEGIN CERTIFICATE-----"
        rows={5}
        mono
        value={cert}
        onChange={setCert}
        error={faultAt(put.error, 'cert')}
      />
      <TextArea
        label={t('tls.key')}
        hint={t('tls.keyHint')}
        placeholder="-----BEGIN PRIVATE KEY-----"
        rows={4}
        mono
        value={key}
        onChange={setKey}
        error={faultAt(put.error, 'key')}
      />
      {put.isError && !isAllInFields(put.error, ['cert', 'key']) && <ErrorNote error={put.error} />}
      {/ENCRYPTED PRIVATE KEY/.test(key) && <Notice>{t('tls.encrypted')}</Notice>}
      <Button look="primary" type="submit" busy={put.isPending} disabled={!cert.trim() || !key.trim()}>
        {t('tls.use')}
      </Button>
    </form>
  )
}
