import { Plus, Trash2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { replaced, without } from '@/lib/list'
import { Button, IconButton } from './Button'

export type Pair = [name: string, value: string]

interface Props {
  label: string
  pairs: readonly Pair[]
  onChange: (pairs: Pair[]) => void
  hint?: string
  error?: string | undefined
  nameLabel: string
  valueLabel: string
  namePlaceholder?: string
  valuePlaceholder?: string
}

/** Names with values, such as headers. */
export function PairsField({ label, pairs, onChange, hint, error, nameLabel, valueLabel, namePlaceholder, valuePlaceholder }: Props) {
  const { t } = useTranslation()
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1.5 font-medium">{label}</legend>
      <div className="space-y-2">
        {pairs.map(([name, value], i) => (
          <div key={i} className="flex gap-2">
            <input
              aria-label={nameLabel}
              placeholder={namePlaceholder}
              value={name}
              onChange={(e) => onChange(replaced(pairs, i, [e.target.value, value]))}
              spellCheck={false}
              className="control font-mono text-[0.93rem]"
            />
            <input
              aria-label={valueLabel}
              placeholder={valuePlaceholder}
              value={value}
              onChange={(e) => onChange(replaced(pairs, i, [name, e.target.value]))}
              spellCheck={false}
              className="control font-mono text-[0.93rem]"
            />
            <IconButton label={t('common.remove')} icon={Trash2} danger onClick={() => onChange(without(pairs, i))} />
          </div>
        ))}
      </div>
      <Button size="sm" look="quiet" icon={Plus} className="mt-1.5" onClick={() => onChange([...pairs, ['', '']])}>
        {t('common.add')}
      </Button>
      {(error ?? hint) && <p className={error ? 'mt-1 text-bad' : 'mt-1 text-[0.93rem] text-ink3'}>{error ?? hint}</p>}
    </fieldset>
  )
}

export function toPairs(table: Record<string, string> | undefined): Pair[] {
  return Object.entries(table ?? {})
}

export function toTable(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(pairs.filter(([name]) => name.trim() !== '').map(([name, value]) => [name.trim(), value]))
}
