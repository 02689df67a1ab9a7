/** A request that is to be sent again from the playground. */
export interface Replay {
  model: string
  messages: unknown[]
}

// Handed over within the page: what was said does not belong into addresses.
let waiting: Replay | undefined

export function setReplay(replay: Replay): void {
  waiting = replay
}

/** The request to be replayed, once. */
export function takeReplay(): Replay | undefined {
  const taken = waiting
  waiting = undefined
  return taken
}
