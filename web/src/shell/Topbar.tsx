import { useMatches } from '@tanstack/react-router'
import { Languages, LogOut, type LucideIcon, Menu as MenuIcon, Monitor, Moon, Search, Sun, UserRound } from 'lucide-react'
import { Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '@/api/client'
import { client } from '@/api/queries'
import { type Language, languages, setLanguage } from '@/i18n'
import { useTitle } from '@/lib/hooks'
import { lazily } from '@/lib/lazily'
import { pages } from '@/page'
import { Button, IconButton } from '@/ui/Button'
import { LazyMenu } from '@/ui/LazyMenu'
import type { MenuItem } from '@/ui/Menu'
import { Freshness, TimeControls } from './TimeControls'
import { chosenTheme, setTheme, themes } from './theme'

const PasswordDialog = lazily(async () => ({ default: (await import('./PasswordDialog')).PasswordDialog }))
const LogoutAll = lazily(async () => ({ default: (await import('./LogoutAll')).LogoutAll }))

interface Props {
  name: string
  onMenu: () => void
  onSearch: () => void
}

export function Topbar({ name, onMenu, onSearch }: Props) {
  const { t } = useTranslation()
  const here = useMatches().at(-1)?.fullPath
  const page = pages.find((p) => p.path === here)
  const title = page ? t(page.title) : t('error.notFound')
  useTitle(title)
  return (
    <header className="sticky top-0 z-10 flex h-14 items-center gap-1 border-line border-b bg-surface px-3 sm:px-6">
      <IconButton label={t('shell.openMenu')} icon={MenuIcon} className="lg:hidden" onClick={onMenu} />
      <h1 className="shrink-0 truncate font-semibold text-[1.15rem]">{title}</h1>
      <span className="mr-auto ml-2 min-w-0">{page?.ranged && <Freshness />}</span>
      <button
        type="button"
        onClick={onSearch}
        className="mr-1 flex h-9 items-center gap-2 rounded-lg px-2 text-ink2 hover:bg-sunken sm:border sm:border-line sm:px-3"
      >
        <Search aria-hidden className="size-[1.15rem] sm:size-4" />
        <span className="max-lg:sr-only">{t('palette.jump')}</span>
        <kbd aria-hidden className="ml-3 hidden rounded border border-line px-1.5 font-mono text-[0.8rem] text-ink3 lg:inline">
          {/mac/i.test(navigator.userAgent) ? '⌘K' : 'Ctrl K'}
        </kbd>
      </button>
      {page?.ranged && <TimeControls live />}
      {/* On a phone these are in the menu of the account. */}
      <span className="hidden sm:contents">
        <LanguageMenu />
        <ThemeMenu />
      </span>
      <UserMenu name={name} />
    </header>
  )
}

function useLanguages(): MenuItem[] {
  const { i18n } = useTranslation()
  return (Object.keys(languages) as Language[]).map((lng) => ({
    label: languages[lng],
    checked: i18n.language === lng,
    onSelect: () => void setLanguage(lng),
  }))
}

const themeIcons = { light: Sun, dark: Moon, system: Monitor }

function useThemes(): { items: MenuItem[]; icon: LucideIcon } {
  const { t } = useTranslation()
  const [chosen, setChosen] = useState(chosenTheme())
  const items = themes.map((theme) => ({
    label: t(`shell.theme.${theme}`),
    icon: themeIcons[theme],
    checked: chosen === theme,
    onSelect: () => {
      setTheme(theme)
      setChosen(theme)
    },
  }))
  return { items, icon: themeIcons[chosen] }
}

export function LanguageMenu() {
  const { t } = useTranslation()
  return <LazyMenu trigger={<IconButton label={t('shell.language')} icon={Languages} />} groups={[useLanguages()]} />
}

export function ThemeMenu() {
  const { t } = useTranslation()
  const { items, icon } = useThemes()
  return <LazyMenu trigger={<IconButton label={t('shell.theme.title')} icon={icon} />} groups={[items]} />
}

/** Leaves for the login page with nothing remembered. */
function leave(): void {
  client.clear()
  window.location.assign('/login')
}

function UserMenu({ name }: { name: string }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState<'password' | 'everywhere' | undefined>()
  const close = () => setOpen(undefined)
  const inLanguage = useLanguages()
  const inTheme = useThemes().items
  return (
    <>
      <LazyMenu
        trigger={
          <Button look="quiet" className="px-2" aria-label={t('shell.user', { name })}>
            <span aria-hidden className="flex size-7 items-center justify-center rounded-full bg-tint font-semibold text-accent">
              {[...name][0]?.toUpperCase()}
            </span>
          </Button>
        }
        header={
          <p className="flex items-center gap-2 font-medium">
            <UserRound aria-hidden className="size-4 text-ink3" /> {name}
          </p>
        }
        groups={[
          ...(window.innerWidth < 640 ? [inLanguage, inTheme] : []),
          [{ label: t('shell.password.title'), onSelect: () => setOpen('password') }],
          [
            { label: t('shell.logout'), icon: LogOut, onSelect: () => void unwrap(api.POST('/api/logout')).then(leave, leave) },
            { label: t('shell.logoutAll'), danger: true, onSelect: () => setOpen('everywhere') },
          ],
        ]}
      />
      <Suspense>
        {open === 'password' && <PasswordDialog name={name} onClose={close} />}
        {open === 'everywhere' && <LogoutAll onClose={close} onDone={leave} />}
      </Suspense>
    </>
  )
}
