import { type KeyboardEvent, type PointerEvent, type RefObject, useRef, useState } from 'react'

interface DragOrder {
  /** The item that is being moved, and the place it would take. */
  moving: { from: number; to: number } | undefined
  list: RefObject<HTMLElement | null>
  /** What a handle needs: it is dragged, or moved by the arrow keys. */
  handle: (at: number) => {
    onPointerDown: (event: PointerEvent<HTMLElement>) => void
    onPointerMove: (event: PointerEvent<HTMLElement>) => void
    onPointerUp: () => void
    onPointerCancel: () => void
    onKeyDown: (event: KeyboardEvent) => void
  }
}

/** Puts the items of a list (its elements with data-item) into another order, by pointer, finger or keyboard. */
export function useDragOrder(count: number, onMove: (from: number, to: number) => void): DragOrder {
  const list = useRef<HTMLElement>(null)
  const [moving, setMoving] = useState<{ from: number; to: number }>()
  const placeAt = (y: number) => {
    const items = [...(list.current?.querySelectorAll<HTMLElement>(':scope > [data-item]') ?? [])]
    const at = items.findIndex((item) => {
      const box = item.getBoundingClientRect()
      return y < box.top + box.height / 2
    })
    return at < 0 ? items.length - 1 : at
  }
  return {
    moving,
    list,
    handle: (at) => ({
      onPointerDown: (event) => {
        if (event.button !== 0) return
        event.currentTarget.setPointerCapture(event.pointerId)
        setMoving({ from: at, to: at })
      },
      onPointerMove: (event) => {
        if (!moving) return
        const before = placeAt(event.clientY)
        // The item itself leaves its place, so those below it move up by one.
        const to = before > moving.from ? Math.max(moving.from, event.clientY > lastEdge(list.current) ? count - 1 : before - 1) : before
        if (to !== moving.to) setMoving({ ...moving, to })
      },
      onPointerUp: () => {
        if (moving && moving.from !== moving.to) onMove(moving.from, moving.to)
        setMoving(undefined)
      },
      onPointerCancel: () => setMoving(undefined),
      onKeyDown: (event) => {
        const by = { ArrowUp: -1, ArrowDown: 1 }[event.key]
        const to = at + (by ?? 0)
        if (!by || to < 0 || to >= count) return
        event.preventDefault()
        onMove(at, to)
      },
    }),
  }
}

/** Below this, the last place is meant. */
function lastEdge(list: HTMLElement | null): number {
  const last = [...(list?.querySelectorAll<HTMLElement>(':scope > [data-item]') ?? [])].at(-1)?.getBoundingClientRect()
  return last ? last.top + last.height / 2 : Number.POSITIVE_INFINITY
}
