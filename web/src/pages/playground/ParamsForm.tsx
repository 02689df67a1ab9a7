import { useTranslation } from 'react-i18next'
import { Disclosure } from '@/ui/Disclosure'
import { TextArea, TextField } from '@/ui/Field'
import { type Params, readJSON } from './conversation'

interface Props {
  params: Params
  onChange: (params: Params) => void
}

/** What is sent along with the messages. */
export function ParamsForm({ params, onChange }: Props) {
  const { t } = useTranslation()
  const set = (change: Partial<Params>) => onChange({ ...params, ...change })
  const fault = (text: string, wanted: (value: unknown) => boolean, hint: string) => {
    const read = readJSON(text)
    if (read instanceof Error) return t('playground.notJSON', { why: read.message })
    return read === undefined || wanted(read) ? undefined : hint
  }
  const number = { type: 'number', placeholder: t('playground.default') } as const
  return (
    <div className="space-y-4">
      <TextArea
        label={t('playground.system')}
        placeholder={t('playground.systemPlaceholder')}
        value={params.system}
        onChange={(system) => set({ system })}
      />
      <div className="grid grid-cols-2 gap-3">
        <TextField
          label={t('playground.temperature')}
          min={0}
          max={2}
          step={0.1}
          {...number}
          value={params.temperature}
          onChange={(temperature) => set({ temperature })}
        />
        <TextField label="Top P" min={0} max={1} step={0.05} {...number} value={params.topP} onChange={(topP) => set({ topP })} />
        <TextField
          label={t('playground.maxTokens')}
          min={1}
          step={1}
          {...number}
          value={params.maxTokens}
          onChange={(maxTokens) => set({ maxTokens })}
        />
        <TextField label={t('playground.seed')} step={1} {...number} value={params.seed} onChange={(seed) => set({ seed })} />
      </div>
      <Disclosure title={t('playground.more')} note={t('playground.moreNote')} open={Boolean(params.tools || params.schema || params.stop)}>
        <TextArea
          label={t('playground.tools')}
          hint={t('playground.toolsHint')}
          placeholder={'[{"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}]'}
          rows={5}
          mono
          value={params.tools}
          onChange={(tools) => set({ tools })}
          error={fault(params.tools, Array.isArray, t('playground.toolsHint'))}
        />
        <TextArea
          label={t('playground.schema')}
          hint={t('playground.schemaHint')}
          placeholder={
            '{"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"], "additionalProperties": false}'
          }
          rows={5}
          mono
          value={params.schema}
          onChange={(schema) => set({ schema })}
          error={fault(params.schema, (v) => typeof v === 'object' && v !== null && !Array.isArray(v), t('playground.schemaHint'))}
        />
        <TextArea
          label={t('playground.stopAt')}
          hint={t('playground.stopAtHint')}
          rows={2}
          mono
          value={params.stop}
          onChange={(stop) => set({ stop })}
        />
      </Disclosure>
    </div>
  )
}
