import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Schemas, unwrap } from '@/api/client'
import { faultAt, faultsBelow } from '@/api/problem'
import { refresh } from '@/api/queries'
import { useSave } from '@/parts/useSave'
import { Button } from '@/ui/Button'
import { ErrorNote } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { PairsField, toPairs, toTable } from '@/ui/PairsField'
import { Disclosure } from '@/ui/Plain'
import { toast } from '@/ui/toast'

/** The currency that sums are shown in, and what others are worth in it. */
export function CurrencyCard({ currency }: { currency: Schemas['Currency'] }) {
  const { t } = useTranslation()
  const [display, setDisplay] = useState(currency.display)
  const [rates, setRates] = useState(() => toPairs(currency.rates))
  const saving = useSave({
    save: (newer) =>
      unwrap(api.PUT('/api/prices/currency', { body: { display, rates: toTable(rates), version: newer ?? currency.version } })),
    onSaved: async () => {
      toast(t('common.saved'))
      await refresh('prices', 'monitor')
    },
  })
  return (
    <Disclosure title={t('prices.currencyTitle')} note={currency.display}>
      <form
        className="max-w-xl space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          saving.save()
        }}
      >
        <TextField
          label={t('prices.display')}
          value={display}
          onChange={(text) => setDisplay(text.toUpperCase())}
          error={faultAt(saving.error, 'display')}
        />
        <PairsField
          label={t('prices.rates')}
          hint={t('prices.ratesHint', { currency: display })}
          pairs={rates}
          onChange={setRates}
          nameLabel={t('prices.currency')}
          valueLabel={t('prices.worth')}
          namePlaceholder="USD"
          valuePlaceholder="7.1"
          error={faultsBelow(saving.error, 'rates')}
        />
        {saving.error && <ErrorNote error={saving.error} />}
        <Button look="primary" type="submit" busy={saving.busy}>
          {t('common.save')}
        </Button>
      </form>
    </Disclosure>
  )
}
