// What programs of this repl listen on, and the one preview that this page shows of it. It draws nothing.
import { asAppError } from '../../../protocol/errors.ts'
import { OpenPorts, type OpenPort, type Preview, type Visibility } from '../../../protocol/preview.ts'
import { shownName } from '../../ui/shown-name.ts'
import { eachSession } from '../link/each-session.ts'
import type { Live } from '../link/live.ts'
import { createScope } from '../scope.ts'
import { createStore, type Readable } from '../store.ts'

/** Milliseconds in which a preview's own host must have answered; else the browser does not reach it, and a port is asked for. */
const reachMs = 6_000
/** A preview that refuses us again within this many milliseconds is not asked again by itself. */
const patienceMs = 10_000

/** `turn` grows with each new beginning: the frame is made anew. */
export type Shown = { port: number; to: string; turn: number } & (
  { step: 'asking' } | { step: 'shown'; preview: Preview } | { step: 'failed'; say: string }
)

export type Previews = {
  ports: Readable<readonly OpenPort[]>
  shown: Readable<Shown | null>
  /** Calls back when a program begins to listen while this page is open. */
  onFound: (listener: (port: OpenPort) => void) => () => void
  /** Shows a port in this page, from the beginning or from a path. */
  open: (port: number, to?: string) => void
  reload: () => void
  close: () => void
  share: (visibility: Visibility) => Promise<void>
  /** What the frame says of itself: `origin` must be the shown preview's own. */
  heard: (origin: string, word: unknown) => void
  dispose: () => void
}

export type PreviewParts = {
  live: Readable<Live | null>
  ask: (wish: { port: number; to: string; plain: boolean }) => Promise<Preview>
  share: (wish: { port: number; visibility: Visibility }) => Promise<void>
}

export function createPreviews(parts: PreviewParts): Previews {
  return new PagePreviews(parts)
}

/** A program calls itself what it likes. */
const asShown = (open: OpenPort): OpenPort => ({ ...open, program: shownName(open.program) })

class PagePreviews implements Previews {
  readonly ports = createStore<readonly OpenPort[]>([])
  readonly shown = createStore<Shown | null>(null)
  readonly #parts: PreviewParts
  readonly #scope = createScope()
  readonly #found = new Set<(port: OpenPort) => void>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #turn = 0
  #plain = false
  #askedAgainAt = -Infinity

  constructor(parts: PreviewParts) {
    this.#parts = parts
    this.#scope.add(
      eachSession(parts.live, ({ ports }) => {
        let isFirst = true
        const take = (list: unknown): void => {
          const parsed = OpenPorts.safeParse(list)
          if (parsed.success) this.#listed(parsed.data.ports.map(asShown), isFirst)
          isFirst = false
        }
        ports.on('ports', take)
        return () => {
          ports.off('ports', take)
          this.ports.set([])
        }
      }),
    )
  }

  onFound(listener: (port: OpenPort) => void): () => void {
    this.#found.add(listener)
    return () => this.#found.delete(listener)
  }

  open(port: number, to = '/'): void {
    this.#begin(port, to)
  }

  reload(): void {
    const now = this.shown.get()
    if (now !== null) this.#begin(now.port, now.to)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#turn += 1
    this.shown.set(null)
  }

  async share(visibility: Visibility): Promise<void> {
    const now = this.shown.get()
    if (now === null) return
    await this.#parts.share({ port: now.port, visibility })
    this.shown.update((then) =>
      then?.step === 'shown' && then.port === now.port
        ? { ...then, preview: { ...then.preview, visibility } }
        : then,
    )
  }

  heard(origin: string, word: unknown): void {
    const now = this.shown.get()
    if (now?.step !== 'shown' || now.preview.origin !== origin) return
    if (word === 'entered') clearTimeout(this.#timer)
    if (word === 'refused') this.#askAgain()
  }

  readonly dispose = (): void => {
    clearTimeout(this.#timer)
    this.#turn += 1
    this.#found.clear()
    this.#scope.dispose()
  }

  #listed(next: OpenPort[], isFirst: boolean): void {
    const before = new Set(this.ports.get().map(({ port }) => port))
    this.ports.set(next)
    const came = next.filter(({ port }) => !before.has(port))
    const now = this.shown.get()
    // A server that was started again has other pages than the one that ended.
    if (now !== null && came.some(({ port }) => port === now.port)) this.reload()
    if (!isFirst) for (const port of came) for (const tell of this.#found) tell(port)
  }

  #begin(port: number, to: string): void {
    clearTimeout(this.#timer)
    const turn = (this.#turn += 1)
    this.shown.set({ port, to, turn, step: 'asking' })
    void this.#ask({ port, to, turn })
  }

  async #ask({ port, to, turn }: Pick<Shown, 'port' | 'to' | 'turn'>): Promise<void> {
    try {
      const preview = await this.#parts.ask({ port, to, plain: this.#plain })
      if (turn !== this.#turn) return
      this.shown.set({ port, to, turn, step: 'shown', preview })
      this.#timer = setTimeout(() => this.#notReached(), reachMs)
    } catch (thrown) {
      if (turn === this.#turn) this.shown.set({ port, to, turn, step: 'failed', say: asAppError(thrown).say })
    }
  }

  /** A browser that cannot find the preview's own host says nothing: from now on ports of the front door are asked for. */
  #notReached(): void {
    if (this.#plain) return
    this.#plain = true
    this.reload()
  }

  /** The cookie has ended, or the session is another one. */
  #askAgain(): void {
    const now = performance.now()
    if (now - this.#askedAgainAt < patienceMs) return
    this.#askedAgainAt = now
    this.reload()
  }
}
