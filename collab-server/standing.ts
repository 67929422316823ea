// Hears from the orchestrator whose role has changed, and knows which tokens that outdates. Closes nobody: meetings do.
import type { Logger } from 'pino'
import { AccessNews, accessHereMs, outdated } from '../protocol/access.ts'
import type { AccessChange, DoorClaims } from '../protocol/access.ts'
import { AppError } from '../protocol/errors.ts'

/** Milliseconds before the next try to listen, doubled up to the second figure. */
const againMs = { first: 100, longest: 2_000 }
/** An orchestrator that is silent for this long is gone, whatever its socket says. */
const silentMs = 3 * accessHereMs
/** Who comes before we have heard anything waits this long, and is then told to come again. */
const firstMs = 3_000
/** A change is forgotten after this: every token that is older than it has ended long ago. */
const keptMs = 3600 * 1000

export type StandingDeps = {
  url: string
  secret: string
  /** Each change that was not known before. */
  changed: (change: AccessChange) => void
  log: Logger
}

type Heard = { change: AccessChange; at: number }

export class Standing {
  readonly #deps: StandingDeps
  readonly #heard = new Map<string, Heard>()
  readonly #ending = new AbortController()
  readonly #first: Promise<void>
  #hasHeard: () => void = () => undefined
  #isReady = false
  #tries = 0

  constructor(deps: StandingDeps) {
    this.#deps = deps
    this.#first = new Promise((resolve) => (this.#hasHeard = resolve))
    void this.#listen()
  }

  /** Throws `unavailable` when we have not heard once which tokens are worth nothing. */
  async ready(): Promise<void> {
    if (this.#isReady) return
    const late = new Promise((resolve) => setTimeout(resolve, firstMs).unref())
    await Promise.race([this.#first, late])
    if (!this.#isReady) throw new AppError('unavailable', { say: 'Access cannot be checked at the moment.' })
  }

  /** Why these claims are worth nothing any more, or null. */
  refusal(claims: DoorClaims): AppError | null {
    const why = outdated(claims, this.#heard.get(keyOf(claims.repl, claims.sub))?.change)
    return why === null ? null : new AppError(why.code, { say: why.say })
  }

  close(): void {
    this.#ending.abort()
  }

  async #listen(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      await this.#hearOut().catch((fault: unknown) => {
        if (!this.#ending.signal.aborted)
          this.#deps.log.info(
            { fault: String(fault).slice(0, 200) },
            'changes of roles are not heard just now',
          )
      })
      if (this.#ending.signal.aborted) return
      const wait = Math.min(againMs.longest, againMs.first * 2 ** this.#tries) * (0.5 + Math.random() / 2)
      this.#tries += 1
      await new Promise((resolve) => setTimeout(resolve, wait).unref())
    }
  }

  /** One connection, to its end. */
  async #hearOut(): Promise<void> {
    const silence = new AbortController()
    let timer = setTimeout(() => silence.abort(), silentMs)
    try {
      const answer = await fetch(this.#deps.url, {
        headers: { authorization: `Bearer ${this.#deps.secret}` },
        signal: AbortSignal.any([this.#ending.signal, silence.signal]),
      })
      if (!answer.ok || answer.body === null) throw new TypeError(`answered ${answer.status}`)
      const text = new TextDecoder()
      const reader = answer.body.getReader()
      let held = ''
      for (;;) {
        const { done, value: piece } = await reader.read()
        if (done) return
        clearTimeout(timer)
        timer = setTimeout(() => silence.abort(), silentMs)
        const lines = (held + text.decode(piece, { stream: true })).split('\n')
        held = lines.pop() ?? ''
        for (const line of lines) this.#take(AccessNews.parse(JSON.parse(line)))
      }
    } finally {
      clearTimeout(timer)
    }
  }

  #take(news: AccessNews): void {
    if (news.told === 'here') return this.#forgetOld()
    const changes = news.told === 'all' ? news.changes : [news.change]
    for (const change of changes) this.#learn(change)
    if (news.told !== 'all') return
    this.#tries = 0
    this.#isReady = true
    this.#hasHeard()
  }

  #learn(change: AccessChange): void {
    const key = keyOf(change.repl, change.person)
    const known = this.#heard.get(key)
    if (known !== undefined && known.change.ver >= change.ver) return
    this.#heard.set(key, { change, at: Date.now() })
    this.#deps.changed(change)
  }

  #forgetOld(): void {
    const since = Date.now() - keptMs
    for (const [key, heard] of this.#heard) if (heard.at < since) this.#heard.delete(key)
  }
}

const keyOf = (repl: string, person: string): string => `${repl}/${person}`
