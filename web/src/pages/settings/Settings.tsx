import { useTranslation } from 'react-i18next'
import { useParam } from '@/lib/params'
import { Segmented } from '@/ui/Segmented'
import { About } from './About'
import { Access } from './Access'
import { Addresses } from './Addresses'
import { Alerts } from './Alerts'
import { Configuration } from './Configuration'
import { People } from './People'
import { Records } from './Records'
import { Telemetry } from './Telemetry'
import { Tokens } from './Tokens'

const tabs = {
  proxy: Access,
  records: Records,
  addresses: Addresses,
  people: People,
  tokens: Tokens,
  alerts: Alerts,
  telemetry: Telemetry,
  config: Configuration,
  about: About,
} as const
type Tab = keyof typeof tabs

export default function Settings() {
  const { t } = useTranslation()
  const [asked, setTab] = useParam('tab')
  const tab: Tab = asked && asked in tabs ? (asked as Tab) : 'proxy'
  const Body = tabs[tab]
  return (
    <div className="mx-auto max-w-4xl space-y-4">
      <Segmented
        label={t('settings.title')}
        value={tab}
        onChange={(next) => setTab(next === 'proxy' ? undefined : next)}
        options={(Object.keys(tabs) as Tab[]).map((name) => ({ value: name, label: t(`settings.tab.${name}`) }))}
      />
      <Body />
    </div>
  )
}
