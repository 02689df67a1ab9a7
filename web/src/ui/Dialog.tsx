import { Dialog as Base } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import { type ReactNode, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { cx } from './cx'

interface Props {
  open: boolean
  onClose: () => void
  title: ReactNode
  description?: ReactNode
  children: ReactNode
  /** Stays visible below what scrolls. */
  footer?: ReactNode
  /** A dialog in the middle, or a sheet along the right edge. */
  kind?: 'dialog' | 'sheet'
  wide?: boolean
}

const backdrop =
  'fixed inset-0 z-40 bg-[#0a0d18]/45 transition-opacity duration-150 data-[ending-style]:opacity-0 data-[starting-style]:opacity-0'

/** Something that takes over until it is closed. On a phone it comes from below. */
export function Dialog({ open, onClose, title, description, children, footer, kind = 'dialog', wide }: Props) {
  const { t } = useTranslation()
  const popup = useRef<HTMLDivElement>(null)
  // A form's first field is what one wants; otherwise nothing stands out, least of all a button that destroys.
  const first = () => (kind === 'dialog' && popup.current?.querySelector<HTMLElement>('form input:not([hidden])')) || popup.current
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        {/* One that opens above another dims that too. */}
        <Base.Backdrop forceRender className={backdrop} />
        <Base.Popup
          ref={popup}
          initialFocus={first}
          className={cx(
            'fixed z-40 flex flex-col bg-surface text-ink shadow-pop outline-none transition duration-150 data-[ending-style]:opacity-0 data-[starting-style]:opacity-0',
            'max-sm:inset-x-0 max-sm:bottom-0 max-sm:max-h-[92dvh] max-sm:rounded-t-2xl max-sm:data-[starting-style]:translate-y-6',
            kind === 'sheet'
              ? 'sm:inset-y-0 sm:right-0 sm:border-line sm:border-l sm:data-[starting-style]:translate-x-6'
              : 'sm:top-1/2 sm:left-1/2 sm:max-h-[88dvh] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-2xl',
            kind === 'sheet' && (wide ? 'sm:w-[min(60rem,94vw)]' : 'sm:w-[min(44rem,94vw)]'),
            kind === 'dialog' && (wide ? 'sm:w-[min(52rem,94vw)]' : 'sm:w-[min(30rem,94vw)]'),
          )}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Base.Title className="break-words font-semibold text-[1.15rem]">{title}</Base.Title>
              {description && <Base.Description className="mt-0.5 text-ink2">{description}</Base.Description>}
            </div>
            <Base.Close
              aria-label={t('common.close')}
              className="-mr-1.5 inline-flex size-9 shrink-0 items-center justify-center rounded-lg text-ink2 hover:bg-sunken hover:text-ink"
            >
              <X aria-hidden className="size-[1.15rem]" />
            </Base.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 pt-1 pb-5">{children}</div>
          {footer && <footer className="flex flex-wrap justify-end gap-2 border-line border-t px-5 py-3">{footer}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}
