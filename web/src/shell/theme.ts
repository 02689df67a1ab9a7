import { recall, remember } from '@/i18n'

export const themes = ['light', 'dark', 'system'] as const
export type Theme = (typeof themes)[number]

const system = window.matchMedia('(prefers-color-scheme: dark)')

/** What was chosen; theme.js reads the same before anything is drawn. */
export function chosenTheme(): Theme {
  const stored = recall('posthouse.theme')
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

export function setTheme(theme: Theme): void {
  remember('posthouse.theme', theme)
  show()
}

function show(): void {
  const theme = chosenTheme()
  document.documentElement.dataset.theme = theme === 'system' ? (system.matches ? 'dark' : 'light') : theme
}

/** Changes along with the system for as long as that is what is chosen. */
export function followSystem(): void {
  system.addEventListener('change', show)
}
