// Whether the other side of a link still lives: asks now and then, and tells when nothing at all was heard for too long.

/** Milliseconds between questions, and without a sign of life until the other side counts as silent. */
const beatMs = 2_000
const silentMs = 6_000

export type PulseDeps = { ask: () => void; silent: () => void }

export class Pulse {
  readonly #deps: PulseDeps
  #timer: NodeJS.Timeout | undefined
  #heardAt = 0
  #askedAt = 0

  constructor(deps: PulseDeps) {
    this.#deps = deps
  }

  begin(): void {
    this.end()
    this.heard()
    this.#askedAt = this.#heardAt
    this.#timer = setInterval(() => this.#look(), beatMs).unref()
  }

  /** Anything that came is a sign of life. */
  heard(): void {
    this.#heardAt = performance.now()
  }

  end(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    const now = performance.now()
    // We were held up ourselves: what came meanwhile has not been read yet.
    if (now - this.#askedAt > beatMs * 2) this.heard()
    this.#askedAt = now
    if (now - this.#heardAt < silentMs) return this.#deps.ask()
    this.end()
    this.#deps.silent()
  }
}
