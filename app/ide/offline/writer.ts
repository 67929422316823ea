// Tells stores of pages that live from stores of pages that are gone. It reads no store.
import { hex } from '../../../protocol/ids.ts'

export type Writer = {
  id: string
  /** Another number at each call, for the name of a store. */
  serial: () => string
  release: () => void
}

const lockOf = (writer: string): string => `devex-writer:${writer}`

/** Where the browser knows no locks (plain http on a LAN), a store untouched for this long belongs to nobody, in milliseconds. */
const untouchedMs = 180_000

/** Names this page as a writer for as long as it lives; the browser lets the name go when the page dies. */
export function beWriter(): Writer {
  const id = hex(crypto.getRandomValues(new Uint8Array(8)))
  let release: () => void = () => {}
  const living = new Promise<void>((resolve) => {
    release = resolve
  })
  void locks()?.request(lockOf(id), () => living)
  let serials = 0
  return { id, serial: () => String((serials += 1)), release: () => release() }
}

/** Runs `work` as the only one to care for the stores of `writer`; does nothing while that page lives. */
export async function insteadOf(writer: string, touchedAt: number, work: () => Promise<void>): Promise<void> {
  const known = locks()
  if (known === null) {
    if (Date.now() - touchedAt > untouchedMs) await work()
    return
  }
  await known.request(lockOf(writer), { ifAvailable: true }, async (lock) => {
    if (lock !== null) await work()
  })
}

/** Ids of writers whose page lives, as far as this browser can say. */
export async function livingWriters(): Promise<ReadonlySet<string>> {
  const held = (await locks()?.query())?.held ?? []
  return new Set(held.map(({ name }) => name?.replace(lockOf(''), '') ?? ''))
}

/** Missing outside secure contexts, whatever the types say. */
function locks(): LockManager | null {
  return 'locks' in navigator ? navigator.locks : null
}
