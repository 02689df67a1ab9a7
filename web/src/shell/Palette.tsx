import { Dialog } from '@base-ui/react/dialog'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import {
  Activity,
  Boxes,
  KeyRound,
  Languages,
  type LucideIcon,
  Plus,
  ScrollText,
  Search,
  Settings,
  SunMoon,
  UsersRound,
  Waypoints,
} from 'lucide-react'
import { type KeyboardEvent, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { queries } from '@/api/queries'
import { type Language, languages, setLanguage } from '@/i18n'
import { pages } from '@/page'
import { cx } from '@/ui/cx'
import { setTheme, themes } from './theme'

interface Entry {
  id: string
  name: string
  kind: string
  icon: LucideIcon
  /** More that it is found by. */
  also?: string
  to?: string
  search?: Record<string, string>
  run?: () => void
}

const settingsTabs = ['proxy', 'addresses', 'people', 'tokens', 'alerts', 'telemetry', 'config', 'about'] as const

/** What looks like the id of a request. */
const requestID = /^(req_)?[0-9a-f]{16,}$/i

/** Everything that can be gone to, or done, by name. */
function useEntries(): Entry[] {
  const { t, i18n } = useTranslation()
  const providers = useQuery(queries.providers).data
  const routes = useQuery(queries.routes).data
  const consumers = useQuery(queries.consumers).data
  return useMemo((): Entry[] => {
    const action = t('palette.action')
    return [
      ...pages.filter((p) => p.group).map((p) => ({ id: p.path, name: t(p.title), kind: t('palette.page'), icon: p.icon, to: p.path })),
      ...(routes ?? []).map((r) => ({
        id: r.id,
        name: r.name,
        kind: t('palette.route'),
        icon: Waypoints,
        to: `/routes/${r.id}`,
        also: (r.match.models ?? []).map((m) => m.value).join(' '),
      })),
      ...(providers ?? []).flatMap((p) => [
        { id: p.id, name: p.name, kind: t('palette.provider'), icon: Boxes, to: '/providers', search: { id: p.id }, also: p.vendor },
        ...p.keys.map((k) => ({
          id: k.id,
          name: `${p.name} · ${k.name} ${k.hint}`,
          kind: t('palette.key'),
          icon: KeyRound,
          to: '/providers',
          search: { id: p.id },
        })),
      ]),
      ...(consumers ?? []).flatMap((c) => [
        { id: c.id, name: c.name, kind: t('palette.consumer'), icon: UsersRound, to: '/keys', search: { id: c.id } },
        ...c.keys.map((k) => ({
          id: k.id,
          name: `${c.name} · ${k.name} ${k.hint}`,
          kind: t('palette.key'),
          icon: KeyRound,
          to: '/keys',
          search: { id: c.id },
        })),
      ]),
      ...settingsTabs.map((tab) => ({
        id: `tab ${tab}`,
        name: t(`settings.tab.${tab}`),
        kind: t('settings.title'),
        icon: Settings,
        to: '/settings',
        search: { tab },
      })),
      { id: 'new provider', name: t('providers.add'), kind: action, icon: Plus, to: '/providers', search: { new: '1' } },
      { id: 'new route', name: t('routes.add'), kind: action, icon: Plus, to: '/routes/new' },
      { id: 'test all', name: t('providers.testAll'), kind: action, icon: Activity, to: '/providers', search: { test: '1' } },
      { id: 'failed', name: t('palette.failed'), kind: action, icon: Search, to: '/logs', search: { q: 'status:failed' } },
      ...themes.map((theme) => ({
        id: `theme ${theme}`,
        name: `${t('shell.theme.title')}: ${t(`shell.theme.${theme}`)}`,
        kind: action,
        icon: SunMoon,
        run: () => setTheme(theme),
      })),
      ...(Object.keys(languages) as Language[])
        .filter((lng) => lng !== i18n.language)
        .map((lng) => ({
          id: lng,
          name: languages[lng],
          kind: action,
          icon: Languages,
          also: 'language',
          run: () => void setLanguage(lng),
        })),
    ]
  }, [t, i18n.language, providers, routes, consumers])
}

export function Palette({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const wanted = text.trim().toLowerCase()
  const entries = useEntries()
  const named = entries.filter((e) =>
    wanted.split(/\s+/).every((word) => `${e.name} ${e.kind} ${e.to ?? ''} ${e.also ?? ''}`.toLowerCase().includes(word)),
  )
  const request: Entry[] = requestID.test(wanted)
    ? [{ id: 'request', name: text.trim(), kind: t('palette.request'), icon: ScrollText, to: '/logs', search: { id: text.trim() } }]
    : []
  const search: Entry[] =
    wanted && request.length === 0
      ? [
          {
            id: 'search',
            name: t('palette.inLogs', { text: text.trim() }),
            kind: t('palette.request'),
            icon: Search,
            to: '/logs',
            search: { q: text.trim() },
          },
        ]
      : []
  const shown = [...request, ...named.slice(0, 14), ...search]
  const current = Math.min(at, shown.length - 1)
  const go = (entry: Entry | undefined) => {
    if (!entry) return
    onClose()
    entry.run?.()
    if (entry.to) void navigate({ to: entry.to, search: (entry.search ?? {}) as never })
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'ArrowDown') setAt((current + 1) % Math.max(1, shown.length))
    else if (event.key === 'ArrowUp') setAt((current - 1 + shown.length) % Math.max(1, shown.length))
    else if (event.key === 'Enter') go(shown[current])
    else return
    event.preventDefault()
  }
  return (
    <Dialog.Root open onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-[#0a0d18]/45" />
        <Dialog.Popup
          aria-label={t('palette.title')}
          className="fixed top-[12dvh] left-1/2 z-40 w-[min(36rem,94vw)] -translate-x-1/2 overflow-hidden rounded-2xl bg-raised shadow-pop outline-none"
        >
          <div className="flex items-center gap-3 border-line border-b px-4">
            <Search aria-hidden className="size-4 text-ink3" />
            <input
              role="combobox"
              aria-expanded="true"
              aria-controls="palette-list"
              aria-activedescendant={shown[current] ? `palette-${current}` : undefined}
              aria-label={t('palette.title')}
              placeholder={t('palette.placeholder')}
              value={text}
              onChange={(e) => {
                setText(e.target.value)
                setAt(0)
              }}
              onKeyDown={onKey}
              className="h-12 flex-1 bg-transparent outline-none placeholder:text-ink3"
            />
          </div>
          <div id="palette-list" role="listbox" aria-label={t('palette.title')} className="max-h-[50dvh] overflow-y-auto p-1.5">
            {shown.map((entry, i) => (
              <div
                key={entry.id}
                id={`palette-${i}`}
                role="option"
                tabIndex={-1}
                aria-selected={i === current}
                onMouseMove={() => setAt(i)}
                onClick={() => go(entry)}
                onKeyDown={onKey}
                className={cx('flex items-center gap-3 rounded-lg px-3 py-2', i === current && 'bg-tint')}
              >
                <entry.icon aria-hidden className="size-4 text-ink2" />
                <span className="truncate">{entry.name}</span>
                <span className="ml-auto text-[0.93rem] text-ink2">{entry.kind}</span>
              </div>
            ))}
          </div>
          {shown.length === 0 && <p className="px-4 pb-5 text-ink2">{t('palette.none')}</p>}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
