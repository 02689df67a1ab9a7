import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useRange, windowOf } from '@/lib/range'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { toLocal } from '@/ui/ExpiryField'
import { TextField } from '@/ui/Field'

/** From one moment to another, by hand. */
export default function CustomRange({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const time = useRange()
  const [from, setFrom] = useState(() => toLocal(windowOf(time.range).from.toISOString()))
  const [to, setTo] = useState(() => toLocal(windowOf(time.range).to.toISOString()))
  const begin = new Date(from)
  const end = new Date(to)
  const wrong = !(begin < end)
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('range.custom')}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit" form="range-form" disabled={wrong}>
            {t('range.show')}
          </Button>
        </>
      }
    >
      <form
        id="range-form"
        className="grid gap-4 sm:grid-cols-2"
        onSubmit={(event) => {
          event.preventDefault()
          time.set({ from: begin, to: end })
          onClose()
        }}
      >
        <TextField label={t('range.from')} type="datetime-local" value={from} onChange={setFrom} />
        <TextField
          label={t('range.to')}
          type="datetime-local"
          value={to}
          onChange={setTo}
          error={wrong && to ? t('range.order') : undefined}
        />
      </form>
    </Dialog>
  )
}
