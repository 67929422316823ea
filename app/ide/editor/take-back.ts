// Takes back one refused edit exactly, whatever was typed before and after it. It is not the person's own undo.
import * as Y from 'yjs'

type Step = Y.UndoManager['undoStack'][number]

export class TakeBack {
  readonly #steps: Y.UndoManager
  readonly #byEdit = new Map<number, Step>()

  /** `undo` is the person's own: what it does is an edit too. */
  constructor(text: Y.Text, undo: Y.UndoManager) {
    this.#steps = new Y.UndoManager(text, { captureTimeout: 0, trackedOrigins: new Set([null, undo]) })
  }

  track(origin: unknown): void {
    this.#steps.addTrackedOrigin(origin)
  }

  untrack(origin: unknown): void {
    this.#steps.removeTrackedOrigin(origin)
  }

  /** The newest transaction was edit `id`. */
  made(id: number): void {
    const step = this.#steps.undoStack.at(-1)
    if (step !== undefined) this.#byEdit.set(id, step)
    this.#steps.undoStack.length = 0
  }

  /** Takes back these edits, newest first; false when it knows none of them. */
  takeBack(ids: number[]): boolean {
    let isAny = false
    for (const id of ids.toReversed()) {
      const step = this.#byEdit.get(id)
      this.#byEdit.delete(id)
      if (step === undefined) continue
      isAny = true
      this.#steps.undoStack.push(step)
      this.#steps.undo()
      // Emptied by hand: `clear` would let go of deleted text that the person's own undo still needs.
      this.#steps.undoStack.length = 0
      this.#steps.redoStack.length = 0
    }
    return isAny
  }

  /** Edits before `id` have arrived: they cannot be refused any more. */
  arrived(before: number): void {
    for (const id of this.#byEdit.keys()) {
      if (id >= before) return
      this.#byEdit.delete(id)
    }
  }

  dispose(): void {
    this.#steps.undoStack.length = 0
    this.#steps.redoStack.length = 0
    this.#steps.destroy()
  }
}
