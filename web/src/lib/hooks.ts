import { useBlocker } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

/** Runs save on Ctrl+S or ⌘S for as long as the component is shown. */
export function useSaveKey(save: () => void, active = true): void {
  const latest = useRef(save)
  latest.current = save
  useEffect(() => {
    if (!active) return
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 's') return
      event.preventDefault()
      latest.current()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [active])
}

/** Counts seconds down to zero from what it was last started with. */
export function useCountdown(): [number, (seconds: number) => void] {
  const [end, setEnd] = useState(0)
  const [now, setNow] = useState(0)
  const left = Math.max(0, Math.ceil((end - now) / 1000))
  useEffect(() => {
    if (left === 0) return
    const timer = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(timer)
  }, [left])
  return [
    left,
    (seconds) => {
      setNow(Date.now())
      setEnd(Date.now() + seconds * 1000)
    },
  ]
}

/** The title of the document while a page is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Posthouse`
  }, [title])
}

/** Asks before the page or the window is left while there is something unsaved. */
export function useUnsaved(dirty: boolean): void {
  const { t } = useTranslation()
  useBlocker({
    shouldBlockFn: () => !window.confirm(t('common.discardAsk')),
    enableBeforeUnload: dirty,
    disabled: !dirty,
  })
}
