// Counts one document's own edits on their way: made, sent, logged, saved. It sends nothing and knows no socket.

export type Waiting = {
  /** Own edits not yet on the runner's disk. */
  unsaved: number
  /** Own edits not yet handed to the runner's log. */
  unlogged: number
}

/**
 * Counts are of the relay's kind: frames of this connection. Edits made while there is no connection, or lost with one,
 * have no frame until our answer to the relay's question (step 2) carries them all.
 */
export class Progress {
  #sent = 0
  #logged = 0
  #saved = 0
  #isOpen = false
  /** Own edits without a frame. */
  #homeless = 0
  /** Edits per frame that is not saved yet. */
  readonly #inFlight = new Map<number, number>()
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

  /** One own edit entered the document; called before its frame is sent. */
  edited(): void {
    this.#homeless += 1
    this.#changed()
  }

  /** One sync frame left: an update holds the newest edit alone, a step 2 holds everything. */
  frameSent(kind: 'step2' | 'update'): void {
    if (!this.#isOpen) return
    this.#sent += 1
    const carried = kind === 'step2' ? this.#homeless : Math.min(1, this.#homeless)
    this.#homeless -= carried
    if (carried > 0) this.#inFlight.set(this.#sent, carried)
    this.#changed()
  }

  /** The relay's word; counts never go back within a connection. */
  told(logged: number, saved: number): void {
    this.#logged = Math.max(this.#logged, logged)
    this.#saved = Math.max(this.#saved, saved)
    for (const frame of this.#inFlight.keys()) if (frame <= this.#saved) this.#inFlight.delete(frame)
    this.#changed()
  }

  /** The room refused edits and they were taken back: nothing of them waits any more. */
  forget(): void {
    this.#inFlight.clear()
    this.#homeless = 0
    this.#changed()
  }

  waiting(): Waiting {
    let unsaved = this.#homeless
    let unlogged = this.#homeless
    for (const [frame, edits] of this.#inFlight) {
      unsaved += edits
      if (frame > this.#logged) unlogged += edits
    }
    return { unsaved, unlogged }
  }

  #restart(): void {
    for (const edits of this.#inFlight.values()) this.#homeless += edits
    this.#inFlight.clear()
    this.#sent = 0
    this.#logged = 0
    this.#saved = 0
  }
}
