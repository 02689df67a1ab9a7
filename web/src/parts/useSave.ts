import { useMutation } from '@tanstack/react-query'
import { currentOf } from './Conflict'

interface Options<T> {
  /** Saves on top of a version; without one, of the version the form began with. */
  save: (version?: number) => Promise<T>
  onSaved: (saved: T) => void
}

/** Saving a form, and what to do when somebody else saved first. */
export function useSave<T>({ save, onSaved }: Options<T>) {
  const run = useMutation({ mutationFn: (version?: number) => save(version), onSuccess: onSaved })
  return {
    save: (version?: number) => {
      if (!run.isPending) run.mutate(version)
    },
    reset: run.reset,
    busy: run.isPending,
    error: run.error,
    inConflict: currentOf(run.error) !== undefined,
  }
}
