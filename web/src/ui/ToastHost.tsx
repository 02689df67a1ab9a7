import { Suspense, useSyncExternalStore } from 'react'
import { lazily } from '@/lib/lazily'
import { hasAny, onFirst } from './toast'

const Toasts = lazily(() => import('./Toasts'))

/** Where messages appear, once there is one. */
export function ToastHost() {
  return (
    useSyncExternalStore(onFirst, hasAny) && (
      <Suspense>
        <Toasts />
      </Suspense>
    )
  )
}
