import { useState } from 'react'

/**
 * A form's draft of what is kept on the server. It follows what others save
 * until something is typed; from then on it stays, and saving tells of the
 * conflict.
 */
export function useDraft<T extends { version: number }, D>(latest: T, toDraft: (from: T) => D) {
  const [basis, setBasis] = useState(latest)
  const [draft, setDraft] = useState(() => toDraft(latest))
  const dirty = JSON.stringify(draft) !== JSON.stringify(toDraft(basis))
  const take = (next: T) => {
    setBasis(next)
    setDraft(toDraft(next))
  }
  if (!dirty && latest.version > basis.version) take(latest)
  return { version: basis.version, draft, setDraft, dirty, take, discard: () => setDraft(toDraft(basis)) }
}
