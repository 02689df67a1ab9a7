import { useTranslation } from 'react-i18next'
import { pages } from '@/page'
import { Dialog } from '@/ui/Dialog'

export function Help({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const keys: [string, string][] = [
    ['Ctrl K / ⌘K', t('palette.jump')],
    ['Ctrl S / ⌘S', t('common.save')],
    ['Ctrl ↵ / ⌘↵', t('playground.send')],
    ['Esc', t('common.close')],
    ['/', t('logs.filter')],
    ['j  k', t('shell.rows')],
    ['[  ]', t('shell.neighbours')],
    ['t', t('shell.theme.title')],
    ['?', t('shell.keys')],
    ...pages.filter((p) => p.jump).map((p): [string, string] => [`g ${p.jump}`, t(p.title)]),
  ]
  return (
    <Dialog open onClose={onClose} title={t('shell.keys')}>
      <dl className="space-y-2">
        {keys.map(([key, what]) => (
          <div key={key} className="flex items-center justify-between gap-4">
            <dt className="text-ink2">{what}</dt>
            <dd>
              <kbd className="rounded border border-line bg-sunken px-2 py-0.5 font-mono text-[0.9rem]">{key}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
