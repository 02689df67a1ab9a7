import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { EyeOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Call } from '@/api/client'
import { queries } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { Empty, Notice } from '@/ui/Feedback'
import { Markdown } from '@/ui/Markdown'
import { messagesOf } from './content'

/** What was said, where it was kept; and how to keep it, where it was not. */
export function Messages({ call }: { call: Call }) {
  const { t } = useTranslation()
  const f = useFormat()
  const { content } = call
  const route = useQuery(queries.routes).data?.find((r) => r.name === call.route)
  if (!content) {
    return (
      <Empty
        icon={EyeOff}
        title={t('logs.notCaptured')}
        action={
          route ? (
            <Link to="/routes/$id" params={{ id: route.id }} hash="capture" className="font-medium text-accent underline">
              {t('logs.toCapture', { route: route.name })}
            </Link>
          ) : (
            <Link to="/routes" className="font-medium text-accent underline">
              {t('logs.toRoutes')}
            </Link>
          )
        }
      >
        {t('logs.notCapturedNote')}
      </Empty>
    )
  }
  const { messages, answer } = messagesOf(content)
  const cut = content.request_cut || content.answer_cut
  return (
    <div className="space-y-3">
      {cut && <Notice>{t('logs.cut', { request: f.bytes(content.request_bytes), answer: f.bytes(content.answer_bytes) })}</Notice>}
      {content.redactions > 0 && <Notice tone="info">{t('logs.redacted', { count: content.redactions })}</Notice>}
      <ol className="space-y-2">
        {messages.map((message, i) => (
          <Message key={i} message={message} />
        ))}
        {answer && <Message message={{ role: 'assistant', content: answer }} />}
      </ol>
      {messages.length === 0 && <p className="text-ink2">{t('logs.unread')}</p>}
      {content.kept_until && <p className="text-[0.93rem] text-ink3">{t('logs.keptUntil', { when: f.time(content.kept_until) })}</p>}
    </div>
  )
}

function Message({ message }: { message: unknown }) {
  const { role = '', content } = (message ?? {}) as { role?: string; content?: unknown }
  const parts = Array.isArray(content) ? (content as { text?: string }[]) : []
  const text = typeof content === 'string' ? content : parts.map((part) => part?.text ?? JSON.stringify(part)).join('\n')
  return (
    <li className="rounded-xl border border-line px-3.5 py-2.5">
      <p className="mb-1 font-medium text-[0.86rem] text-ink3">{role}</p>
      <Markdown text={text} />
    </li>
  )
}
