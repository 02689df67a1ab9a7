import type { ReactNode } from 'react'
import { Logo } from './Logo'
import { LanguageMenu, ThemeMenu } from './Topbar'

/** The frame of setup and login. */
export function Bare({ children, wide }: { children: ReactNode; wide?: boolean }) {
  return (
    <div className="flex min-h-dvh flex-col">
      <header className="flex items-center gap-2.5 px-4 py-3 sm:px-6">
        <Logo className="size-8" />
        <span className="mr-auto font-semibold text-[1.15rem] tracking-tight">Posthouse</span>
        <LanguageMenu />
        <ThemeMenu />
      </header>
      <main
        className={
          wide ? 'mx-auto w-full max-w-4xl flex-1 px-4 pt-4 pb-16 sm:pt-8' : 'mx-auto w-full max-w-md flex-1 px-4 pt-6 pb-16 sm:pt-[12dvh]'
        }
      >
        {children}
      </main>
    </div>
  )
}
