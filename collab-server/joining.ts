// What a joining peer is served: the runner's state of that instant; while the runner is away, its last state and what came
// since as one. Never seeds.
import { folded, missing, step2Frame } from './wire.ts'

/** Updates since the state after which a fresh state is worth asking for. */
const recentCount = 256
const recentBytes = 256 * 1024
/** States above this are cut down to what a returning peer lacks; smaller ones are cheaper to send whole. */
const diffFromBytes = 256 * 1024

/** A returning class lacks the same: what is this small is kept for the next who asks with the same vector, this many of them. */
const keptBytes = 64 * 1024
const keptCount = 16

/** A state, and the frame that carries it: one piece of memory, however many sockets it waits on. */
type Framed = { update: Uint8Array; frame: Uint8Array }
type Recent = { update: Uint8Array; n: number }
/** A peer's first sync that waits: its state vector, and how many updates the room had seen when it asked. */
export type Want = { vector: Uint8Array; at: number }

export class Joining {
  #state: ({ vector: Uint8Array } & Framed) | null = null
  #recent: Recent[] = []
  #bytes = 0
  /** Number of the last peer update that had been sent to the runner when a state was asked for; null when none is asked. */
  #asked: number | null = null
  /** Updates seen so far, before the question that is asked, and before the one whose answer we have. */
  #seen = 0
  #seenAtQuestion = 0
  #covered = 0
  /** The state and the first `count` of `#recent`, as one. */
  #folded: (Framed & { count: number }) | null = null
  /** Frames of parts of one state, by the vector they were cut for. */
  #kept = { of: null as Uint8Array | null, byVector: new Map<string, Uint8Array>() }
  /** Questions that the runner has not answered yet; only the answer to the last one counts. */
  #pending = 0

  get isReady(): boolean {
    return this.#state !== null
  }

  /** A peer with `vector` asks now. */
  want(vector: Uint8Array): Want {
    return { vector, at: this.#seen }
  }

  /** True when our state holds all that the room had seen when the peer asked. */
  satisfies({ at }: Want): boolean {
    return this.#state !== null && (this.#recent.length === 0 || at <= this.#covered)
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
    this.#seenAtQuestion = this.#seen
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
    this.#folded = null
    this.#kept = { of: null, byVector: new Map() }
    this.#asked = null
  }

  /** An update of peers (`n` of the tail) or of the runner (`n` 0: in every state that the runner sends later). */
  add(update: Uint8Array, n: number): void {
    this.#seen += 1
    this.#recent.push({ update, n })
    this.#bytes += update.length
  }

  answer(state: { vector: Uint8Array; update: Uint8Array }): void {
    this.#pending = Math.max(0, this.#pending - 1)
    if (this.#pending > 0) return
    const covered = this.#asked ?? 0
    this.#asked = null
    this.#state = { vector: state.vector, ...framed(state.update) }
    this.#folded = null
    this.#covered = this.#seenAtQuestion
    this.#recent = this.#recent.filter((recent) => recent.n > covered)
    this.#bytes = this.#recent.reduce((sum, recent) => sum + recent.update.length, 0)
  }

  /** The runner's state vector: asks a peer for what we lack (a little more than we lack does no harm). */
  vector(): Uint8Array {
    if (this.#state === null) throw new RangeError('no state yet')
    return this.#state.vector
  }

  /** Bytes of the state; 0 as long as there is none. */
  get stateBytes(): number {
    return this.#state?.update.length ?? 0
  }

  /** First sync of a peer: a frame with a state that holds all it asked for, then each update that came after it had asked. */
  answerFor(want: Want): { frame: Uint8Array; updates: Uint8Array[] } {
    if (this.#state === null) throw new RangeError('no state yet')
    if (!this.satisfies(want)) return { frame: this.#lackedBy(want, this.#fold(this.#state)), updates: [] }
    return { frame: this.#lackedBy(want, this.#state), updates: this.#recent.map((recent) => recent.update) }
  }

  /** State and recent updates as one; each update is put in once, however many join. The updates are still kept apart. */
  #fold(state: Framed): Framed {
    const known = this.#folded ?? { ...state, count: 0 }
    const later = this.#recent.slice(known.count).map((recent) => recent.update)
    const whole = later.length === 0 ? known : framed(folded(known.update, later))
    this.#folded = { ...whole, count: this.#recent.length }
    return whole
  }

  #lackedBy({ vector }: Want, { update, frame }: Framed): Uint8Array {
    if (update.length < diffFromBytes || vector.length <= 1) return frame
    if (this.#kept.of !== update) this.#kept = { of: update, byVector: new Map() }
    const { byVector } = this.#kept
    const key = vector.length <= keptBytes ? Buffer.from(vector).toString('latin1') : null
    const known = key === null ? undefined : byVector.get(key)
    if (known) return known
    const part = step2Frame(missing(update, vector))
    if (key !== null && part.length <= keptBytes && byVector.size < keptCount) byVector.set(key, part)
    return part
  }
}

function framed(update: Uint8Array): Framed {
  const frame = step2Frame(update)
  return { frame, update: frame.subarray(frame.length - update.length) }
}
