import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { queries } from '@/api/queries'
import { Card } from '@/ui/Card'
import { Code, CopyButton } from '@/ui/Copy'
import { Loading } from '@/ui/Feedback'
import { Certificate } from './Certificate'

/** Where the doors are. Ports and certificates are set at start, so this says how. */
export function Addresses() {
  const { t } = useTranslation()
  const status = useQuery(queries.status)
  return (
    <Loading query={status}>
      {(data) => {
        const doors: [string, string][] = [
          [t('settings.proxyHttp'), data.proxy_http],
          [t('settings.proxyHttps'), data.proxy_https],
          [t('settings.console'), window.location.origin],
        ]
        return (
          <div className="space-y-4">
            <Card title={t('settings.doors')} note={t('settings.doorsNote')}>
              <dl className="divide-y divide-line">
                {doors.map(([name, url]) => (
                  <div key={name} className="flex flex-wrap items-center gap-x-4 py-2">
                    <dt className="w-40 text-ink2">{name}</dt>
                    <dd className="flex min-w-0 flex-1 items-center gap-1 break-all font-mono">
                      {url || t('settings.closed')}
                      {url && <CopyButton text={url} compact />}
                    </dd>
                  </div>
                ))}
              </dl>
            </Card>
            <Certificate />
            <Card title={t('settings.change')} note={t('settings.changeNote')}>
              <div className="space-y-3">
                <Code text="posthouse serve --http-port 8080 --https-port 8443 --console-port 8001" />
                <Code text="posthouse serve --tls-cert /path/to/cert.pem --tls-key /path/to/key.pem" />
                <Code text="posthouse serve --console-bind 0.0.0.0 --allowed-hosts ai.example.com" />
              </div>
            </Card>
          </div>
        )
      }}
    </Loading>
  )
}
