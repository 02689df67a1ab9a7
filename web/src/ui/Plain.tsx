import { ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'

/** Something folded away until it is wanted, by the browser's own means: for pages that should load fast. */
export function Disclosure({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <details className="group rounded-2xl border border-line bg-surface shadow-card">
      <summary className="flex list-none items-center gap-2 rounded-2xl px-4 py-3 font-semibold text-[1.07rem] hover:bg-sunken">
        <ChevronRight aria-hidden className="size-4 text-ink3 transition-transform group-open:rotate-90" />
        {title}
        {note && <span className="ml-auto truncate font-normal text-[0.93rem] text-ink3">{note}</span>}
      </summary>
      <div className="border-line border-t p-4">{children}</div>
    </details>
  )
}
