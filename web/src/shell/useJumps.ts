import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { pages } from '@/page'
import { setTheme } from './theme'

interface Actions {
  palette: () => void
  help: () => void
}

/** Whether keys belong to something that is being written. */
function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** The keys that work everywhere: ⌘K, ? and g with a letter. */
export function useJumps(actions: Actions): void {
  const navigate = useNavigate()
  const latest = useRef(actions)
  latest.current = actions
  useEffect(() => {
    let pressedG = 0
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        latest.current.palette()
        return
      }
      if (isWriting(event.target) || event.metaKey || event.ctrlKey || event.altKey) return
      if (document.querySelector('[role="dialog"]')) return
      if (event.key === '?') latest.current.help()
      if (event.key === 't') setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark')
      const page = Date.now() - pressedG < 1_000 && pages.find((p) => p.jump === event.key)
      if (page) void navigate({ to: page.path })
      pressedG = event.key === 'g' ? Date.now() : 0
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [navigate])
}
