import { useMutation, useQuery } from '@tanstack/react-query'
import { Upload } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, failure, unwrap } from '@/api/client'
import { ApiError } from '@/api/problem'
import { client, queries } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Confirm } from '@/ui/Confirm'
import { ErrorNote, Loading, Notice } from '@/ui/Feedback'

/** Sends a backup as it is; it may be large. */
async function upload(file: File): Promise<void> {
  let response: Response
  try {
    response = await fetch('/api/restore', { method: 'POST', headers: { 'Content-Type': 'application/gzip' }, body: file })
  } catch {
    throw new ApiError(0, undefined, undefined)
  }
  if (!response.ok) throw failure(response, await response.json().catch(() => undefined))
}

/** A backup that the next start puts in place of what is there. */
export function Restore() {
  const { t } = useTranslation()
  const f = useFormat()
  const state = useQuery(queries.restore)
  const [file, setFile] = useState<File>()
  const cancel = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/restore')),
    onSuccess: (now) => client.setQueryData(queries.restore.queryKey, now),
  })
  return (
    <Card title={t('restore.title')} note={t('restore.note')}>
      <Loading query={state} rows={1}>
        {({ staged, at }) => (
          <div className="space-y-3">
            {staged && (
              <Notice>
                <p className="font-medium">{t('restore.staged')}</p>
                <p>{t('restore.stagedNote', { when: at ? f.time(at) : '' })}</p>
                <Button size="sm" className="mt-2" busy={cancel.isPending} onClick={() => cancel.mutate()}>
                  {t('restore.cancel')}
                </Button>
              </Notice>
            )}
            <label className="inline-flex min-h-[2.375rem] cursor-pointer items-center gap-1.5 rounded-lg border border-line2 px-3.5 font-medium focus-within:outline-2 focus-within:outline-accent hover:bg-sunken">
              <Upload aria-hidden className="size-4" />
              {t('restore.choose')}
              <input
                type="file"
                accept=".gz,.tgz,application/gzip"
                onChange={(event) => {
                  setFile(event.target.files?.[0])
                  event.target.value = ''
                }}
                className="sr-only"
              />
            </label>
            {cancel.isError && <ErrorNote error={cancel.error} />}
          </div>
        )}
      </Loading>
      {file && (
        <Confirm
          title={t('restore.askTitle', { name: file.name })}
          action={t('restore.action')}
          onClose={() => setFile(undefined)}
          onConfirm={async () => {
            await upload(file)
            await client.invalidateQueries({ queryKey: queries.restore.queryKey })
          }}
        >
          <p>{t('restore.ask', { size: f.bytes(file.size) })}</p>
        </Confirm>
      )}
    </Card>
  )
}
