// A value that can be watched: the one way the core tells the panels that something changed. It renders nothing.

export type Readable<T> = {
  get: () => T
  /** Calls `listener` after each change; the answer stops it. */
  subscribe: (listener: () => void) => () => void
}

export type Store<T> = Readable<T> & {
  set: (next: T) => void
  update: (change: (now: T) => T) => void
}

/** A store holding `initial`; setting the same value again tells nobody. */
export function createStore<T>(initial: T): Store<T> {
  let value = initial
  const listeners = new Set<() => void>()
  const set = (next: T): void => {
    if (Object.is(next, value)) return
    value = next
    for (const listener of listeners) listener()
  }
  return {
    get: () => value,
    set,
    update: (change) => set(change(value)),
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Resolves once `holds` is true of the store's value, at once when it is already. */
export function until<T>(store: Readable<T>, holds: (value: T) => boolean): Promise<T> {
  if (holds(store.get())) return Promise.resolve(store.get())
  return new Promise((resolve) => {
    const stop = store.subscribe(() => {
      if (!holds(store.get())) return
      stop()
      resolve(store.get())
    })
  })
}

/** A value computed from stores; recomputed when one of them changes. `dispose` stops watching. */
export function derive<T>(
  from: Readable<unknown>[],
  compute: () => T,
): Readable<T> & { dispose: () => void } {
  const store = createStore(compute())
  const stops = from.map((source) => source.subscribe(() => store.set(compute())))
  return {
    get: store.get,
    subscribe: store.subscribe,
    dispose: () => {
      for (const stop of stops) stop()
    },
  }
}
