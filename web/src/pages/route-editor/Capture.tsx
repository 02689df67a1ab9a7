import { useTranslation } from 'react-i18next'
import { faultAt } from '@/api/problem'
import { RedactionRules, TryRedaction } from '@/parts/Redaction'
import { Disclosure } from '@/ui/Disclosure'
import { TextField } from '@/ui/Field'
import { Switch } from '@/ui/Switch'
import type { Draft } from './draft'

interface Props {
  draft: Draft
  onChange: (change: Partial<Draft>) => void
  error: unknown
}

/** Whether prompts and answers are kept: how many, how much of each, for how long, and what is blacked out. */
export function Capture({ draft, onChange, error }: Props) {
  const { t } = useTranslation()
  const { capture } = draft
  const set = (change: Partial<Draft['capture']>) => onChange({ capture: { ...capture, ...change } })
  return (
    <Disclosure title={t('capture.title')} note={capture.on ? t('capture.kept') : t('capture.off')} open={capture.on} anchor="capture">
      <Switch
        label={t('capture.on')}
        note={t('capture.onNote')}
        checked={capture.on ?? false}
        onChange={(on) => set({ on: on || undefined })}
      />
      {capture.on && (
        <>
          <div className="grid items-start gap-4 md:grid-cols-3">
            <TextField
              label={t('capture.permille')}
              hint={t('capture.permilleHint')}
              type="number"
              min={1}
              max={1000}
              placeholder="1000"
              value={capture.permille ? String(capture.permille) : ''}
              onChange={(text) => set({ permille: Math.round(Number(text)) || undefined })}
              error={faultAt(error, 'capture.permille')}
            />
            <TextField
              label={t('capture.bytes')}
              hint={t('capture.bytesHint')}
              type="number"
              min={1}
              max={4096}
              placeholder="64"
              value={capture.bytes ? String(capture.bytes / 1024) : ''}
              onChange={(text) => set({ bytes: Math.round(Number(text)) * 1024 || undefined })}
              error={faultAt(error, 'capture.bytes')}
            />
            <TextField
              label={t('capture.keep')}
              hint={t('capture.keepHint')}
              placeholder="168h"
              value={capture.keep ?? ''}
              onChange={(keep) => set({ keep: keep.trim() || undefined })}
              error={faultAt(error, 'capture.keep')}
              mono
            />
          </div>
          <RedactionRules rules={capture} onChange={set} error={error} path="capture" />
          <TryRedaction rules={capture} />
        </>
      )}
    </Disclosure>
  )
}
