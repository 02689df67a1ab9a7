/** Something to say in a corner. */
export interface Message {
  type: 'ok' | 'bad'
  title: string
  description?: string
  /** Milliseconds it stays. */
  timeout: number
  /** What the message offers to do, such as to undo what it tells of. */
  action?: Action
}

export interface Action {
  label: string
  run: () => void
}

type Listener = (message: Message) => void

// What draws messages is fetched with the first of them, which waits here.
const waiting: Message[] = []
let deliver: Listener | undefined
let wake: (() => void) | undefined

function send(message: Message): void {
  if (deliver) {
    deliver(message)
    return
  }
  waiting.push(message)
  wake?.()
}

/** Says in a corner that something was done. */
export function toast(title: string, description?: string, action?: Action): void {
  send({ type: 'ok', title, description, timeout: action ? 10_000 : 5000, action })
}

export function toastError(title: string, description?: string): void {
  send({ type: 'bad', title, description, timeout: 10_000 })
}

/** Hands every message to who draws them, those that wait first. */
export function onMessage(listener: Listener): () => void {
  deliver = listener
  for (const message of waiting.splice(0)) listener(message)
  return () => {
    deliver = undefined
  }
}

/** For useSyncExternalStore: whether anything was ever to be said. */
export function onFirst(changed: () => void): () => void {
  wake = changed
  return () => {
    wake = undefined
  }
}

export function hasAny(): boolean {
  return deliver !== undefined || waiting.length > 0
}
