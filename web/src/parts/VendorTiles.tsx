import { Search } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Vendor } from '@/api/client'
import { inLanguage, sortVendors } from '@/lib/vendors'
import { Button } from '@/ui/Button'
import { cx } from '@/ui/cx'
import { VendorMark } from '@/ui/VendorMark'

interface Props {
  vendors: readonly Vendor[]
  chosen: string | undefined
  onChoose: (vendor: Vendor) => void
}

/** The catalogue as tiles: the well known first, the rest by search. */
export function VendorTiles({ vendors, chosen, onChoose }: Props) {
  const { t, i18n } = useTranslation()
  const [all, setAll] = useState(false)
  const [text, setText] = useState('')
  const { first, rest } = sortVendors(vendors)
  const wanted = text.trim().toLowerCase()
  const shown = wanted
    ? [...first, ...rest].filter((v) => `${v.id} ${v.name.en} ${v.name.zh}`.toLowerCase().includes(wanted))
    : all
      ? [...first, ...rest]
      : first
  return (
    <div className="@container">
      <div className="relative mb-3">
        <Search aria-hidden className="absolute top-1/2 left-3 size-4 -translate-y-1/2 text-ink3" />
        <input
          type="search"
          aria-label={t('providers.findVendor')}
          placeholder={t('providers.findVendor')}
          value={text}
          onChange={(e) => setText(e.target.value)}
          className="control pl-9"
        />
      </div>
      <div role="radiogroup" aria-label={t('providers.vendor')} className="grid grid-cols-2 gap-2 @lg:grid-cols-3 @3xl:grid-cols-4">
        {shown.map((vendor) => {
          const name = inLanguage(vendor.name, i18n.language)
          const on = vendor.id === chosen
          return (
            <button
              key={vendor.id}
              type="button"
              role="radio"
              aria-checked={on}
              onClick={() => onChoose(vendor)}
              className={cx(
                'flex min-w-0 items-center gap-2.5 rounded-xl border p-2.5 text-left transition-colors',
                on ? 'border-accent bg-tint ring-1 ring-accent' : 'border-line bg-surface hover:border-line2 hover:bg-sunken',
              )}
            >
              <VendorMark id={vendor.id} name={name} className="size-8" />
              <span className="min-w-0 break-words font-medium leading-tight">{name}</span>
            </button>
          )
        })}
      </div>
      {shown.length === 0 && <p className="py-4 text-ink2">{t('providers.noVendor')}</p>}
      {!wanted && !all && rest.length > 0 && (
        <Button look="quiet" size="sm" className="mt-2" onClick={() => setAll(true)}>
          {t('providers.moreVendors', { count: rest.length })}
        </Button>
      )}
    </div>
  )
}
