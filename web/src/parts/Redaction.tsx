import { useMutation } from '@tanstack/react-query'
import { FlaskConical } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Schemas, unwrap } from '@/api/client'
import { faultsBelow } from '@/api/problem'
import { Button } from '@/ui/Button'
import { cx } from '@/ui/cx'
import { ErrorNote } from '@/ui/Feedback'
import { TextArea } from '@/ui/Field'

const builtIn = ['keys', 'mail', 'phone', 'id', 'card'] as const

/** What is blacked out before a text is kept. */
export type Rules = Pick<Schemas['CaptureSpec'], 'redact' | 'patterns'>

interface Props {
  rules: Rules
  onChange: (rules: Rules) => void
  error?: unknown
  /** Where the rules stand in what is sent. */
  path?: string
}

/** The rules by which texts are blacked out: built-in patterns and one's own. */
export function RedactionRules({ rules, onChange, error, path }: Props) {
  const { t } = useTranslation()
  const below = path ? `${path}.` : ''
  const on = rules.redact?.length ? rules.redact : builtIn
  const toggle = (name: (typeof builtIn)[number]) => {
    const next = builtIn.filter((n) => (n === name ? !on.includes(n) : on.includes(n)))
    // None at all would mean all of them.
    if (next.length > 0) onChange({ ...rules, redact: next.length === builtIn.length ? undefined : next })
  }
  return (
    <div className="space-y-4">
      <div>
        <p className="mb-1.5 font-medium">{t('redaction.title')}</p>
        <div role="group" aria-label={t('redaction.title')} className="flex flex-wrap gap-1.5">
          {builtIn.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={on.includes(name)}
              disabled={on.length === 1 && on.includes(name)}
              onClick={() => toggle(name)}
              className={cx(
                'min-h-8 rounded-full border px-3 text-[0.93rem]',
                on.includes(name) ? 'border-accent bg-tint font-medium text-accent' : 'border-line2 bg-surface text-ink2 hover:text-ink',
              )}
            >
              {t(`redaction.of.${name}`)}
            </button>
          ))}
        </div>
        {faultsBelow(error, `${below}redact`) && (
          <p role="alert" className="mt-1 text-bad">
            {faultsBelow(error, `${below}redact`)}
          </p>
        )}
      </div>
      <TextArea
        label={t('redaction.patterns')}
        hint={t('redaction.patternsHint')}
        placeholder="PROJ-\d+"
        rows={2}
        value={(rules.patterns ?? []).join('\n')}
        onChange={(text) => onChange({ ...rules, patterns: text === '' ? undefined : text.split('\n') })}
        error={faultsBelow(error, `${below}patterns`)}
        mono
      />
    </div>
  )
}

/** Shows what rules make of a text, before anything is kept by them. */
export function TryRedaction({ rules }: { rules: Rules }) {
  const { t } = useTranslation()
  const [text, setText] = useState(() => t('redaction.sample'))
  const run = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/settings/records/redaction', { body: { text, redact: rules.redact, patterns: rules.patterns?.filter(Boolean) } }),
      ),
  })
  return (
    <div className="space-y-3 rounded-xl border border-line bg-sunken p-3.5">
      <TextArea label={t('redaction.try')} rows={2} value={text} onChange={setText} />
      <Button size="sm" icon={FlaskConical} busy={run.isPending} disabled={!text} onClick={() => run.mutate()}>
        {t('redaction.run')}
      </Button>
      {run.isError && <ErrorNote error={run.error} />}
      {run.data && (
        <div role="status">
          <p className="text-[0.93rem] text-ink2">{t('redaction.found', { count: run.data.places })}</p>
          <p data-testid="redacted" className="mt-1 whitespace-pre-wrap break-words font-mono text-[0.9rem]">
            {run.data.text}
          </p>
        </div>
      )}
    </div>
  )
}
