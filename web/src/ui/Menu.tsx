import { Menu as Base } from '@base-ui/react/menu'
import type { LucideIcon } from 'lucide-react'
import type { ReactElement, ReactNode } from 'react'
import { cx } from './cx'

export interface MenuItem {
  label: string
  icon?: LucideIcon
  onSelect: () => void
  danger?: boolean
  checked?: boolean
}

export interface MenuProps {
  trigger: ReactElement
  /** Groups, with a line between them. */
  groups: readonly (readonly MenuItem[])[]
  header?: ReactNode
  defaultOpen?: boolean
}

export function Menu({ trigger, groups, header, defaultOpen }: MenuProps) {
  return (
    <Base.Root modal={false} defaultOpen={defaultOpen}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={6} align="end" className="z-50 outline-none">
          <Base.Popup className="min-w-44 rounded-xl border border-line bg-raised p-1 shadow-pop outline-none">
            {header && <div className="px-2.5 py-2">{header}</div>}
            {groups.map((group, i) => (
              <div key={i} className={cx(i > 0 && 'mt-1 border-line border-t pt-1')}>
                {group.map(({ label, icon: Icon, onSelect, danger, checked }) => (
                  <Base.Item
                    key={label}
                    onClick={onSelect}
                    className={cx(
                      'flex items-center gap-2.5 rounded-lg px-2.5 py-2 outline-none data-[highlighted]:bg-tint',
                      danger && 'text-bad',
                      checked && 'font-semibold text-accent',
                    )}
                  >
                    {Icon && <Icon aria-hidden className="size-4" />}
                    {label}
                  </Base.Item>
                ))}
              </div>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
