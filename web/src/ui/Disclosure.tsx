import { Collapsible } from '@base-ui/react/collapsible'
import { ChevronRight } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'

interface Props {
  title: string
  note?: string
  children: ReactNode
  open?: boolean
  /** An address that ends in # and this opens it, and leads to it. */
  anchor?: string
}

/** Something folded away until it is wanted. */
export function Disclosure({ title, note, children, open, anchor }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const meant = anchor !== undefined && window.location.hash === `#${anchor}`
  useEffect(() => {
    if (meant) box.current?.scrollIntoView({ block: 'start' })
  }, [meant])
  return (
    <Collapsible.Root ref={box} id={anchor} defaultOpen={open || meant} className="scroll-mt-20 rounded-xl border border-line">
      <Collapsible.Trigger className="group flex w-full items-center gap-2 rounded-xl px-3.5 py-2.5 text-left font-medium hover:bg-sunken">
        <ChevronRight aria-hidden className="size-4 text-ink3 transition-transform group-data-[panel-open]:rotate-90" />
        {title}
        {note && <span className="ml-auto truncate font-normal text-[0.93rem] text-ink3">{note}</span>}
      </Collapsible.Trigger>
      <Collapsible.Panel className="space-y-4 border-line border-t p-3.5">{children}</Collapsible.Panel>
    </Collapsible.Root>
  )
}
