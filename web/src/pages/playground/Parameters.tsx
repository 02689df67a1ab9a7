import { useTranslation } from 'react-i18next'
import { TextArea, TextField } from '@/ui/Field'

export interface Settings {
  system: string
  temperature: string
  maxTokens: string
}

interface Props {
  settings: Settings
  onChange: (settings: Settings) => void
}

export function Parameters({ settings, onChange }: Props) {
  const { t } = useTranslation()
  const set = (change: Partial<Settings>) => onChange({ ...settings, ...change })
  return (
    <section
      aria-label={t('playground.parameters')}
      className="min-w-0 space-y-4 rounded-2xl border border-line bg-surface p-4 shadow-card"
    >
      <TextArea
        label={t('playground.system')}
        placeholder={t('playground.systemPlaceholder')}
        value={settings.system}
        onChange={(system) => set({ system })}
      />
      <div className="grid grid-cols-2 gap-3">
        <TextField
          label={t('playground.temperature')}
          type="number"
          min={0}
          max={2}
          step={0.1}
          placeholder={t('playground.default')}
          value={settings.temperature}
          onChange={(temperature) => set({ temperature })}
        />
        <TextField
          label={t('playground.maxTokens')}
          type="number"
          min={1}
          step={1}
          placeholder={t('playground.default')}
          value={settings.maxTokens}
          onChange={(maxTokens) => set({ maxTokens })}
        />
      </div>
    </section>
  )
}
