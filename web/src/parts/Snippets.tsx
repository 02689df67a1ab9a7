import { useMutation, useQuery } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '@/api/client'
import { queries, refresh } from '@/api/queries'
import { freeName } from '@/lib/vendors'
import { endpoint, isHere } from '@/shell/endpoint'
import { Button } from '@/ui/Button'
import { Code } from '@/ui/Copy'
import { ErrorNote, Notice } from '@/ui/Feedback'
import { Segmented } from '@/ui/Segmented'
import { type SnippetName, snippet, snippetNames } from './snippets'

const labels: Record<SnippetName, string> = { curl: 'curl', python: 'Python', node: 'Node.js', go: 'Go', claude: 'Claude Code' }

/** How to ask the same from a program, with the real address, model and, once made, key. */
export function Snippets({ model }: { model: string }) {
  const { t } = useTranslation()
  const [chosen, setChosen] = useState<SnippetName>('curl')
  const status = useQuery(queries.status)
  const settings = useQuery(queries.settings)
  const consumers = useQuery(queries.consumers)
  const make = useMutation({
    mutationFn: async () => {
      const name = freeName(
        'default',
        (consumers.data ?? []).map((c) => c.name),
      )
      const consumer = await unwrap(api.POST('/api/consumers', { body: { name } }))
      return await unwrap(api.POST('/api/consumers/{id}/keys', { params: { path: { id: consumer.id } }, body: { name: 'key-1' } }))
    },
    onSuccess: () => refresh('consumers'),
  })
  const access = settings.data?.access
  const keyless = access === 'open' || (access === 'local' && isHere())
  const base = endpoint(status.data)
  const key = make.data?.key ?? ''
  if (!base) return status.error ? <ErrorNote error={status.error} /> : null
  return (
    <div className="min-w-0 space-y-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <Segmented
          label={t('snippets.language')}
          value={chosen}
          onChange={(name) => setChosen(name as SnippetName)}
          options={snippetNames.map((name) => ({ value: name, label: labels[name] }))}
        />
        {!make.data && (
          <Button size="sm" icon={KeyRound} busy={make.isPending} onClick={() => make.mutate()}>
            {t('snippets.makeKey')}
          </Button>
        )}
      </div>
      <Code text={snippet(chosen, { base, model, key, keyless: keyless && !key, prompt: t('snippets.prompt') })} />
      {make.data && <Notice tone="ok">{t('snippets.keyMade')}</Notice>}
      {make.isError && <ErrorNote error={make.error} />}
      {!make.data && <p className="text-[0.93rem] text-ink3">{keyless ? t('snippets.keyless') : t('snippets.keyNeeded')}</p>}
    </div>
  )
}
