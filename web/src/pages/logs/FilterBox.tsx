import { Search } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Facets } from '@/api/client'
import { useFormat } from '@/lib/format'
import { outcomes } from '@/parts/outcome'
import { cx } from '@/ui/cx'
import { type Field, fieldNames, termFor, wordAt } from './filter'

interface Props {
  text: string
  onChange: (text: string) => void
  facets: Facets | undefined
}

interface Offer {
  insert: string
  label: string
  note?: string
}

/** What can stand where the cursor is. */
function offers(text: string, cursor: number, facets: Facets | undefined, count: (n: number) => string): Offer[] {
  const { field, begun } = wordAt(text, cursor)
  const wanted = begun.toLowerCase()
  if (!field) {
    return fieldNames.filter((name) => wanted !== '' && name.startsWith(wanted)).map((name) => ({ insert: `${name}:`, label: `${name}:` }))
  }
  return valuesFor(field, facets)
    .filter(({ value }) => value.toLowerCase().includes(wanted) && value !== begun)
    .slice(0, 8)
    .map(({ value, requests }) => ({
      insert: `${termFor(field, value).slice(field.length + 1)} `,
      label: value,
      note: requests === undefined ? undefined : count(requests),
    }))
}

function valuesFor(field: Field, facets: Facets | undefined): { value: string; requests?: number }[] {
  switch (field) {
    case 'route':
    case 'provider':
    case 'model':
    case 'consumer':
    case 'class':
      return (facets?.[field] ?? []).filter((f) => f.value !== '')
    case 'status':
      return [
        ...outcomes.map((value) => facets?.outcome.find((f) => f.value === value) ?? { value }),
        { value: '4xx' },
        { value: '5xx' },
        { value: '429' },
      ]
    case 'stream':
    case 'rescued':
    case 'fallback':
      return [{ value: 'true' }, { value: 'false' }]
    case 'op':
      return ['chat', 'embeddings', 'images', 'speech', 'rerank'].map((value) => ({ value }))
    default:
      return []
  }
}

/** The filter, with completion of what may stand in it. */
export function FilterBox({ text, onChange, facets }: Props) {
  const { t } = useTranslation()
  const f = useFormat()
  const box = useRef<HTMLInputElement>(null)
  const [draft, setDraft] = useState(text)
  const [cursor, setCursor] = useState(0)
  const [open, setOpen] = useState(false)
  const [at, setAt] = useState(-1)
  useEffect(() => setDraft(text), [text])
  useEffect(() => {
    const onKey = (event: KeyboardEvent | globalThis.KeyboardEvent) => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement || document.querySelector('[role="dialog"]')) return
      event.preventDefault()
      box.current?.focus()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  const shown = open ? offers(draft, cursor, facets, f.number) : []
  const write = (value: string, place: number) => {
    setDraft(value)
    setCursor(place)
    setAt(-1)
    setOpen(true)
    onChange(value)
  }
  const take = (offer: Offer | undefined) => {
    if (!offer) return
    const { from, to } = wordAt(draft, cursor)
    const next = draft.slice(0, from) + offer.insert + draft.slice(to).trimStart()
    write(next, from + offer.insert.length)
    requestAnimationFrame(() => box.current?.setSelectionRange(from + offer.insert.length, from + offer.insert.length))
  }
  const onKey = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape' && open) setOpen(false)
    else if (shown.length === 0) return
    else if (event.key === 'ArrowDown') setAt((at + 1) % shown.length)
    else if (event.key === 'ArrowUp') setAt((at - 1 + shown.length) % shown.length)
    else if ((event.key === 'Enter' && at >= 0) || (event.key === 'Tab' && !event.shiftKey)) take(shown[Math.max(0, at)])
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div className="relative min-w-0 flex-1 basis-64">
      <Search aria-hidden className="absolute top-1/2 left-3 size-4 -translate-y-1/2 text-ink3" />
      <input
        ref={box}
        type="search"
        role="combobox"
        aria-expanded={shown.length > 0}
        aria-controls="filter-offers"
        aria-activedescendant={at >= 0 && shown[at] ? `offer-${at}` : undefined}
        aria-autocomplete="list"
        spellCheck={false}
        autoComplete="off"
        aria-label={t('logs.filter')}
        title={t('logs.filterHint')}
        placeholder="route:chat status:rescued model:qwen* >2s"
        value={draft}
        onChange={(e) => write(e.target.value, e.target.selectionStart ?? e.target.value.length)}
        onSelect={(e) => setCursor(e.currentTarget.selectionStart ?? 0)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKey}
        className="control pl-9 font-mono text-[0.93rem]"
      />
      <div
        id="filter-offers"
        role="listbox"
        aria-label={t('logs.offers')}
        className={cx(
          'absolute inset-x-0 top-full z-20 mt-1 rounded-xl border border-line bg-raised p-1 shadow-pop',
          shown.length === 0 && 'hidden',
        )}
      >
        {shown.map((offer, i) => (
          <div
            key={offer.insert}
            id={`offer-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === at}
            // Before the field loses the focus, and this list with it.
            onMouseDown={(event) => {
              event.preventDefault()
              take(offer)
            }}
            className={cx(
              'flex items-center gap-3 rounded-lg px-3 py-1.5 font-mono text-[0.93rem]',
              i === at ? 'bg-tint' : 'hover:bg-sunken',
            )}
          >
            <span className="min-w-0 truncate">{offer.label}</span>
            {offer.note && <span className="ml-auto text-ink3 tabular-nums">{offer.note}</span>}
          </div>
        ))}
      </div>
    </div>
  )
}
