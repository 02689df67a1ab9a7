import type { ParseKeys } from 'i18next'
import type { LucideIcon } from 'lucide-react'
import type { ComponentType } from 'react'

/** The groups of the menu, in order. */
export const groups = ['observe', 'configure', 'system'] as const
export type Group = (typeof groups)[number]

/**
 * What a folder in pages/ says about itself in its page.ts. The menu, the
 * router and the palette are made from what is found there.
 */
export interface Page {
  path: string
  /** Key of its title in the locales. */
  title: ParseKeys
  /** Where the menu shows it; without, it is reached from other pages only. */
  group?: Group
  /** Its place in the group. */
  order: number
  icon: LucideIcon
  /** The letter that leads there after g. */
  jump?: string
  /** The stretch of time in the top bar matters to it. */
  ranged?: boolean
  /** Shown without menu and login, as setup and login are. */
  bare?: boolean
  load: () => Promise<{ default: ComponentType }>
}

const found = import.meta.glob<Page>('./pages/*/page.ts', { eager: true, import: 'default' })

/** Every page there is. */
export const pages: Page[] = Object.values(found).sort((a, b) => a.order - b.order)

/** The pages the menu shows in a group. */
export function pagesIn(group: Group): Page[] {
  return pages.filter((page) => page.group === group)
}
