import { cloneElement, type ReactElement, Suspense, useState } from 'react'
import { lazily } from '@/lib/lazily'
import type { MenuProps } from './Menu'

const fetchMenu = async () => ({ default: (await import('./Menu')).Menu })
const Menu = lazily(fetchMenu)

interface TriggerProps {
  'aria-haspopup'?: 'menu'
  onPointerEnter?: () => void
  onFocus?: () => void
  onClick?: () => void
}

/** A menu whose workings are fetched when somebody turns to it. */
export function LazyMenu({ trigger, ...rest }: MenuProps & { trigger: ReactElement<TriggerProps> }) {
  const [wanted, setWanted] = useState(false)
  const soon = () => void fetchMenu().catch(() => {})
  const plain = cloneElement(trigger, { 'aria-haspopup': 'menu', onPointerEnter: soon, onFocus: soon, onClick: () => setWanted(true) })
  if (!wanted) return plain
  return (
    <Suspense fallback={plain}>
      <Menu defaultOpen trigger={trigger} {...rest} />
    </Suspense>
  )
}
