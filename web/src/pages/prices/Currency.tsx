import { useTranslation } from 'react-i18next'
import { api, type Schemas, unwrap } from '@/api/client'
import { faultAt, faultsBelow } from '@/api/problem'
import { client, queries, refresh } from '@/api/queries'
import { Conflict } from '@/parts/Conflict'
import { useDraft } from '@/parts/useDraft'
import { useSave } from '@/parts/useSave'
import { Button } from '@/ui/Button'
import { ErrorNote } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { PairsField, toPairs, toTable } from '@/ui/PairsField'
import { Disclosure } from '@/ui/Plain'
import { toast } from '@/ui/toast'

function toDraft({ display, rates }: Schemas['Currency']) {
  return { display, rates: toPairs(rates) }
}

/** The currency that sums are shown in, and what others are worth in it. */
export function CurrencyCard({ currency }: { currency: Schemas['Currency'] }) {
  const { t } = useTranslation()
  const { version, draft, setDraft, dirty, take } = useDraft(currency, toDraft)
  const { display, rates } = draft
  const body = { display, rates: toTable(rates) }
  const saving = useSave({
    save: (newer) => unwrap(api.PUT('/api/prices/currency', { body: { ...body, version: newer ?? version } })),
    onSaved: async (saved) => {
      take(saved)
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
          onChange={(text) => setDraft({ ...draft, display: text.toUpperCase() })}
          error={faultAt(saving.error, 'display')}
        />
        <PairsField
          label={t('prices.rates')}
          hint={t('prices.ratesHint', { currency: display })}
          pairs={rates}
          onChange={(next) => setDraft({ ...draft, rates: next })}
          nameLabel={t('prices.currency')}
          valueLabel={t('prices.worth')}
          namePlaceholder="USD"
          valuePlaceholder="7.1"
          error={faultsBelow(saving.error, 'rates')}
        />
        {saving.error && !saving.inConflict && <ErrorNote error={saving.error} />}
        <Button look="primary" type="submit" busy={saving.busy} disabled={!dirty}>
          {t('common.save')}
        </Button>
      </form>
      {saving.inConflict && (
        <Conflict
          error={saving.error}
          mine={body}
          onClose={saving.reset}
          onMine={saving.save}
          onTheirs={async () => {
            take((await client.fetchQuery({ ...queries.prices, staleTime: 0 })).currency)
            saving.reset()
          }}
        />
      )}
    </Disclosure>
  )
}
