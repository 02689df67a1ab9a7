import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from './Button'
import { cx } from './cx'

/** Copies text; where the browser forbids it (plain http), by way of a selection. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'fixed -left-full'
    document.body.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}

export function CopyButton({ text, label, compact }: { text: string; label?: string; compact?: boolean }) {
  const { t } = useTranslation()
  const [done, setDone] = useState(false)
  const name = label ?? t('common.copy')
  return (
    <Button
      size="sm"
      look={compact ? 'quiet' : 'plain'}
      icon={done ? Check : Copy}
      aria-label={compact ? name : undefined}
      title={compact ? name : undefined}
      onClick={async () => {
        if (!(await copyText(text))) return
        setDone(true)
        setTimeout(() => setDone(false), 1500)
      }}
    >
      {!compact && (done ? t('common.copied') : name)}
      <span role="status" className="sr-only">
        {done ? t('common.copied') : ''}
      </span>
    </Button>
  )
}

/** Text in a fixed-width face, with a button to copy it. */
export function Code({ text, className, label }: { text: string; className?: string; label?: string }) {
  const { t } = useTranslation()
  return (
    <div className={cx('relative rounded-xl border border-line bg-sunken', className)}>
      {/* It scrolls, so the keyboard must reach it. */}
      <pre
        role="group"
        tabIndex={0}
        aria-label={label ?? t('common.code')}
        className="overflow-x-auto p-3.5 pr-14 font-mono text-[0.9rem] leading-relaxed"
      >
        {text}
      </pre>
      <div className="absolute top-2 right-2 rounded-lg bg-sunken">
        <CopyButton text={text} compact />
      </div>
    </div>
  )
}
