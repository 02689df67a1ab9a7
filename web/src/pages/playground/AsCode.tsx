import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { ChatRequest } from '@/api/chat'
import { queries } from '@/api/queries'
import { shellQuote } from '@/parts/snippets'
import { endpoint } from '@/shell/endpoint'
import { Code } from '@/ui/Copy'
import { Dialog } from '@/ui/Dialog'

/** The same request from a shell. */
export function AsCode({ request, onClose }: { request: ChatRequest; onClose: () => void }) {
  const { t } = useTranslation()
  const base = endpoint(useQuery(queries.status).data)
  const command = [
    `curl -N ${base}/chat/completions \\`,
    '  -H "Authorization: Bearer $POSTHOUSE_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d ${shellQuote(JSON.stringify({ ...request, stream: true }, null, 2))}`,
  ].join('\n')
  return (
    <Dialog open wide onClose={onClose} title={t('playground.asCurl')}>
      <Code text={command} />
    </Dialog>
  )
}
