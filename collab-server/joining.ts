// What a joining peer is served: the runner's last state and the few updates since. Never merges, never seeds.
import { missing } from './wire.ts'

/** Updates since the state after which a fresh state is worth asking for. */
const recentCount = 256
const recentBytes = 256 * 1024
/** States above this are cut down to what a returning peer lacks; smaller ones are cheaper to send whole. */
const diffFromBytes = 256 * 1024

type Recent = { update: Uint8Array; n: number }

export class Joining {
  #state: { vector: Uint8Array; update: Uint8Array } | null = null
  #recent: Recent[] = []
  #bytes = 0
  /** Number of the last peer update that had been sent to the runner when a state was asked for; null when none is asked. */
  #asked: number | null = null
  /** Questions that the runner has not answered yet; only the answer to the last one counts. */
  #pending = 0

  get isReady(): boolean {
    return this.#state !== null
  }

  get isFresh(): boolean {
    return this.#state !== null && this.#recent.length === 0
  }

  get isAsked(): boolean {
    return this.#asked !== null
  }

  /** True while the runner owes an answer, to a question of now or of before everybody left. */
  get isPending(): boolean {
    return this.#pending > 0
  }

  /** True when a fresh state should be asked for so that joins stay cheap. */
  get isStale(): boolean {
    return !this.isAsked && (this.#recent.length > recentCount || this.#bytes > recentBytes)
  }

  /** `n`: the last update sent to the runner before the question; later ones may be missing in its answer. */
  ask(n: number): void {
    this.#asked = n
    this.#pending += 1
  }

  /** The link that a question went over is gone. */
  forgetQuestion(): void {
    this.#asked = null
    this.#pending = 0
  }

  /** The runner was told that nobody is here and tells us no changes any more: whoever comes next needs a fresh state. */
  close(): void {
    this.#state = null
    this.#asked = null
  }

  /** An update of peers (`n` of the tail) or of the runner (`n` 0: in every state that the runner sends later). */
  add(update: Uint8Array, n: number): void {
    this.#recent.push({ update, n })
    this.#bytes += update.length
  }

  answer(state: { vector: Uint8Array; update: Uint8Array }): void {
    this.#pending = Math.max(0, this.#pending - 1)
    if (this.#pending > 0) return
    const covered = this.#asked ?? 0
    this.#asked = null
    this.#state = state
    this.#recent = this.#recent.filter((recent) => recent.n > covered)
    this.#bytes = this.#recent.reduce((sum, recent) => sum + recent.update.length, 0)
  }

  /** The runner's state vector: asks a peer for what we lack (a little more than we lack does no harm). */
  vector(): Uint8Array {
    if (this.#state === null) throw new RangeError('no state yet')
    return this.#state.vector
  }

  /** First sync of a peer with `vector`: the state, then each update since. */
  answerFor(vector: Uint8Array): { state: Uint8Array; updates: Uint8Array[] } {
    if (this.#state === null) throw new RangeError('no state yet')
    const { update } = this.#state
    const isWhole = update.length < diffFromBytes || vector.length <= 1
    return {
      state: isWhole ? update : missing(update, vector),
      updates: this.#recent.map((recent) => recent.update),
    }
  }
}
