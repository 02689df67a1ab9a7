import { useTranslation } from 'react-i18next'
import type { Provider, ProviderKey } from '@/api/client'
import { Badge, type Tone } from '@/ui/Badge'

export type ProviderState = 'ok' | 'degraded' | 'out' | 'noKey' | 'disabled'

const tones: Record<ProviderKey['state'], Tone> = { ok: 'ok', cooling: 'warn', benched: 'bad', broken: 'bad', disabled: 'neutral' }

export function KeyBadge({ state }: { state: ProviderKey['state'] }) {
  const { t } = useTranslation()
  return (
    <Badge tone={tones[state]} mark>
      {t(`keyState.${state}`)}
    </Badge>
  )
}

/** How a provider does, by its keys: one that works is enough to serve. */
export function providerState(provider: Provider, keyOptional: boolean): ProviderState {
  if (!provider.enabled) return 'disabled'
  const keys = provider.keys.filter((k) => k.enabled)
  if (keys.length === 0) return keyOptional ? 'ok' : 'noKey'
  const working = keys.filter((k) => k.state === 'ok').length
  if (working === 0) return 'out'
  return working < keys.length ? 'degraded' : 'ok'
}

const providerTones: Record<ProviderState, Tone> = { ok: 'ok', degraded: 'warn', out: 'bad', noKey: 'warn', disabled: 'neutral' }

export function ProviderBadge({ state }: { state: ProviderState }) {
  const { t } = useTranslation()
  return (
    <Badge tone={providerTones[state]} mark>
      {t(`providerState.${state}`)}
    </Badge>
  )
}
