// The one place that speaks to screen readers unasked: a polite line, and an urgent one for the few things that cannot wait.
import { useSyncExternalStore } from 'react'

type Lines = { polite: string; urgent: string }

let lines: Lines = { polite: '', urgent: '' }
const listeners = new Set<() => void>()

function publish(next: Lines): void {
  lines = next
  for (const listener of listeners) listener()
}

/** A no-break space makes the same sentence new again, so that it is read twice. */
const renewed = (old: string, text: string): string => (old === text ? `${text}\u00A0` : text)

/** Says one sentence to who listens. Urgent interrupts: only for lost rights and a session about to stop. */
export function announce(text: string, manner: 'polite' | 'urgent' = 'polite'): void {
  publish({ ...lines, [manner]: renewed(lines[manner], text) })
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const nothing: Lines = { polite: '', urgent: '' }

/** Mounted once, in the root. */
export function LiveRegion() {
  const said = useSyncExternalStore(
    subscribe,
    () => lines,
    () => nothing,
  )
  return (
    <div className="sr-only">
      <p aria-live="polite">{said.polite}</p>
      <p aria-live="assertive">{said.urgent}</p>
    </div>
  )
}
