// Lets a React panel read a store of the core; it holds no copy of the value.
import { useSyncExternalStore } from 'react'
import type { Readable } from './store.ts'

export function useStore<T>(store: Readable<T>): T {
  return useSyncExternalStore(store.subscribe, store.get, store.get)
}

/**
 * A part of it: drawn again only when that part is another one, so that a key typed in the editor draws no tree.
 * `part` answers something that is in the value, or a plain value; nothing that it makes anew.
 */
export function usePart<T, P>(store: Readable<T>, part: (value: T) => P): P {
  const get = (): P => part(store.get())
  return useSyncExternalStore(store.subscribe, get, get)
}
