import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/problem'
import address from '@/licences.json?url'
import { Card } from '@/ui/Card'
import { Loading } from '@/ui/Feedback'

interface Item {
  name: string
  version: string
  licence: string
  /** Where its text stands in the list of texts. */
  text?: number
}

interface Licences {
  program: Item[]
  console: Item[]
  texts: string[]
}

/** What is linked into the program and bundled into the console, with the licences it stands under. */
export function Licences() {
  const { t } = useTranslation()
  const licences = useQuery({
    queryKey: ['licences'],
    queryFn: async (): Promise<Licences> => {
      const response = await fetch(address)
      if (!response.ok) throw new ApiError(response.status, undefined, undefined)
      return (await response.json()) as Licences
    },
    staleTime: Number.POSITIVE_INFINITY,
  })
  return (
    <Card title={t('about.licences')} note={t('about.licencesNote')}>
      <Loading query={licences}>
        {(all) => (
          <div className="grid items-start gap-6 md:grid-cols-2">
            {(['program', 'console'] as const).map((part) => (
              <div key={part} className="min-w-0">
                <h3 className="mb-1 font-medium">{t(`about.of.${part}`, { count: all[part].length })}</h3>
                <ul className="divide-y divide-line">
                  {all[part].map((item) => (
                    <li key={`${item.name} ${item.version}`}>
                      <details>
                        <summary className="flex flex-wrap gap-x-2 py-1 text-[0.93rem]">
                          <span className="min-w-0 break-all">{item.name}</span>
                          <span className="text-ink3">{item.version}</span>
                          <span className="ml-auto text-ink2">{item.licence}</span>
                        </summary>
                        {item.text !== undefined && (
                          <pre
                            role="group"
                            aria-label={item.name}
                            tabIndex={0}
                            className="mb-2 max-h-64 overflow-auto whitespace-pre-wrap rounded-lg bg-sunken p-3 text-[0.86rem]"
                          >
                            {all.texts[item.text]}
                          </pre>
                        )}
                      </details>
                    </li>
                  ))}
                </ul>
              </div>
            ))}
          </div>
        )}
      </Loading>
    </Card>
  )
}
