// Counts one document's own edits on their way: made, sent, logged, saved. It sends nothing and knows no socket.

export type Waiting = {
  /** Own edits not yet on the runner's disk. */
  unsaved: number
  /** Own edits not yet handed to the runner's log. */
  unlogged: number
}

/** One change of the document; it stands for several edits when it brought back what was typed earlier. */
type Edit = { id: number; count: number }

const countOf = (edits: Edit[]): number => edits.reduce((sum, edit) => sum + edit.count, 0)

/**
 * Counts are of the relay's kind: frames of this connection. Edits made while there is no connection, or lost with one,
 * have no frame until our answer to the relay's question (step 2) carries them all.
 */
export class Progress {
  #made = 0
  #sent = 0
  #logged = 0
  #saved = 0
  #isOpen = false
  /** Own edits without a frame. */
  #homeless: Edit[] = []
  /** Edits per frame that is not saved yet. */
  readonly #inFlight = new Map<number, Edit[]>()
  readonly #changed: () => void

  constructor(changed: () => void = () => {}) {
    this.#changed = changed
  }

  opened(): void {
    this.#restart()
    this.#isOpen = true
    this.#changed()
  }

  closed(): void {
    this.#restart()
    this.#isOpen = false
    this.#changed()
  }

  /** One change of our own entered the document; called before its frame is sent. Answers its id, which grows. */
  edited(count = 1): number {
    this.#made += 1
    this.#homeless.push({ id: this.#made, count })
    this.#changed()
    return this.#made
  }

  /** One sync frame left: an update holds the newest edit alone, a step 2 holds everything. */
  frameSent(kind: 'step2' | 'update'): void {
    if (!this.#isOpen) return
    this.#sent += 1
    const carried = this.#homeless.splice(kind === 'step2' ? 0 : -1)
    if (carried.length > 0) this.#inFlight.set(this.#sent, carried)
    this.#changed()
  }

  /** The relay's word; counts never go back within a connection. */
  told(logged: number, saved: number): void {
    this.#logged = Math.max(this.#logged, logged)
    this.#saved = Math.max(this.#saved, saved)
    for (const frame of this.#inFlight.keys()) if (frame <= this.#saved) this.#inFlight.delete(frame)
    this.#changed()
  }

  /** Ids of the edits in a frame; a relay that names no frame means the oldest that is not logged. */
  editsIn(frame: number | undefined): number[] {
    return (this.#inFlight.get(this.#frameMeant(frame)) ?? []).map(({ id }) => id)
  }

  /** The room refused a frame, and it was taken back: nothing of it waits any more. */
  forget(frame: number | undefined): void {
    this.#inFlight.delete(this.#frameMeant(frame))
    this.#changed()
  }

  /** The oldest edit that is not saved, or the one after the newest. */
  oldest(): number {
    const all = [...this.#homeless, ...[...this.#inFlight.values()].flat()]
    return all.reduce((least, { id }) => Math.min(least, id), this.#made + 1)
  }

  waiting(): Waiting {
    let unsaved = countOf(this.#homeless)
    let unlogged = unsaved
    for (const [frame, edits] of this.#inFlight) {
      unsaved += countOf(edits)
      if (frame > this.#logged) unlogged += countOf(edits)
    }
    return { unsaved, unlogged }
  }

  #frameMeant(frame: number | undefined): number {
    return frame ?? [...this.#inFlight.keys()].find((sent) => sent > this.#logged) ?? 0
  }

  #restart(): void {
    this.#homeless = [...[...this.#inFlight.values()].flat(), ...this.#homeless]
    this.#inFlight.clear()
    this.#sent = 0
    this.#logged = 0
    this.#saved = 0
  }
}
