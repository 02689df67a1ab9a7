import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'

export const languages = { en: 'English', 'zh-CN': '简体中文' } as const
export type Language = keyof typeof languages

const load: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import('./locales/en.json'),
  'zh-CN': () => import('./locales/zh-CN.json'),
}

/** What the server says in English (lib/said.ts), in the languages that are not. */
const saidIn: Partial<typeof load> = { 'zh-CN': () => import('./locales/said.zh-CN.json') }

/** Fetches it beside whatever else is on its way; what is shown by then is drawn again. */
async function loadSaid(lng: Language): Promise<void> {
  if (i18next.hasResourceBundle(lng, 'said')) return
  const words = await saidIn[lng]?.().catch(() => undefined)
  if (words) i18next.addResourceBundle(lng, 'said', words.default)
}

/** The language theme.js chose before anything was drawn. */
export function currentLanguage(): Language {
  return document.documentElement.lang === 'zh-CN' ? 'zh-CN' : 'en'
}

/** Starts with one language loaded; the other is fetched when it is chosen. */
export async function startLanguages(): Promise<void> {
  const lng = currentLanguage()
  const words = await load[lng]()
  await i18next.use(initReactI18next).init({
    lng,
    fallbackLng: false,
    resources: { [lng]: { translation: words.default } },
    interpolation: { escapeValue: false },
    returnNull: false,
    react: { bindI18nStore: 'added' },
  })
  void loadSaid(lng)
}

/** Changes the language and remembers it. */
export async function setLanguage(lng: Language): Promise<void> {
  remember('posthouse.language', lng)
  if (!i18next.hasResourceBundle(lng, 'translation')) {
    try {
      i18next.addResourceBundle(lng, 'translation', (await load[lng]()).default)
    } catch {
      // A new build has taken this one's place, and its words with it.
      window.location.reload()
      return
    }
  }
  void loadSaid(lng)
  document.documentElement.lang = lng
  await i18next.changeLanguage(lng)
}

/** Keeps a choice in this browser, where it allows that. */
export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value)
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(name)
  } catch {
    return null
  }
}
