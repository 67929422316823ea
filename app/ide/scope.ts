// Collects releases next to what was acquired and runs them once, last first. It acquires nothing itself.

export type Scope = {
  /** Runs `release` at dispose, or at once when that has already been. */
  add: (release: () => void) => void
  dispose: () => void
  isDisposed: () => boolean
}

export function createScope(): Scope {
  const releases: (() => void)[] = []
  let disposed = false
  return {
    add: (release) => (disposed ? release() : void releases.push(release)),
    isDisposed: () => disposed,
    dispose: () => {
      if (disposed) return
      disposed = true
      for (const release of releases.splice(0).reverse()) release()
    },
  }
}

/** Listens to a DOM event and answers how to stop. */
export function listen(target: EventTarget, event: string, listener: (event: Event) => void): () => void {
  target.addEventListener(event, listener)
  return () => target.removeEventListener(event, listener)
}
