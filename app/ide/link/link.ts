// The page's way to a running repl: doors, the runner's proof, sockets, and which of them hold right now. It shows nothing.
import type { RoleTold } from '../../../protocol/access.ts'
import { asAppError, type AppError } from '../../../protocol/errors.ts'
import type { Doors } from '../../../protocol/repl.ts'
import { createStore, type Readable } from '../store.ts'
import { between, isFinal, keepDoors, type DoorsKeeper } from './doors.ts'
import { openLive, type Live } from './live.ts'
import { proveRunner } from './prove.ts'

export type LinkPhase =
  | { phase: 'connecting' }
  | { phase: 'live' }
  /** `since` in milliseconds since 1970. */
  | { phase: 'offline'; since: number }
  | { phase: 'stopped'; say: string }
  /** Final: trying again cannot help. `isOut`: this person has no role here, any more or at all. */
  | { phase: 'refused'; say: string; isOut: boolean }

export type Link = {
  phase: Readable<LinkPhase>
  /** Sockets to the proven runner of the running session; another object after each stop and start. */
  live: Readable<Live | null>
  doors: DoorsKeeper
  /** What the runner said last of this person's changed role. */
  roleTold: Readable<RoleTold | null>
  /** Tries at once instead of at the next turn. */
  hurry: () => void
  /** Gives up sockets that may be dead without saying so, and tries at once. */
  retry: () => void
  dispose: () => void
}

/** Wait before the next try to find a running session: spread, and longer after each, in milliseconds. */
const searchMs = { first: 1_500, longest: 8_000 }

/** True when both lead to the same session at the same address: one proof and one pair of sockets serve both. */
const isSame = (a: Doors | undefined, b: Doors): boolean =>
  a?.generation === b.generation && a.runner === b.runner && a.runnerKey === b.runnerKey

export type LinkParts = {
  ask: () => Promise<Doors>
  prove?: (doors: Doors) => Promise<void>
  open?: typeof openLive
}

export function openLink(parts: LinkParts): Link {
  return new SearchingLink(parts)
}

class SearchingLink implements Link {
  readonly doors: DoorsKeeper
  readonly phase = createStore<LinkPhase>({ phase: 'connecting' })
  readonly live = createStore<Live | null>(null)
  readonly roleTold = createStore<RoleTold | null>(null)
  readonly #prove: (doors: Doors) => Promise<void>
  readonly #open: typeof openLive
  #timer: ReturnType<typeof setTimeout> | undefined
  #isDisposed = false
  #isSearching = false
  /** Searches in a row that found nothing. */
  #searches = 0

  constructor(parts: LinkParts) {
    this.#prove = parts.prove ?? ((doors) => proveRunner(doors))
    this.#open = parts.open ?? openLive
    this.doors = keepDoors(parts.ask)
    this.hurry()
  }

  readonly hurry = (): void => void this.#search()

  readonly retry = (): void => {
    this.live.get()?.tree.io.engine.close()
    this.hurry()
  }

  readonly dispose = (): void => {
    this.#isDisposed = true
    clearTimeout(this.#timer)
    this.#leave()
    this.doors.dispose()
  }

  async #search(): Promise<void> {
    if (this.#isDisposed || this.#isSearching) return
    this.#isSearching = true
    try {
      const found = await this.doors.renew()
      if (isSame(this.live.get()?.doors, found)) return this.#look()
      await this.#prove(found)
      if (!this.#isDisposed) this.#enter(found)
    } catch (thrown) {
      if (!this.#isDisposed) this.#wentWrong(asAppError(thrown))
    } finally {
      this.#isSearching = false
    }
  }

  #enter(found: Doors): void {
    this.#leave()
    const next = this.#open(found, () => this.#freshToken(found))
    const look = (): void => {
      if (this.live.get() === next) this.#look()
    }
    for (const socket of [next.tree, next.terminal]) socket.on('connect', look).on('disconnect', look)
    next.tree.on('access', (told) => this.#roleChanged(told))
    this.live.set(next)
  }

  /** The sockets follow by themselves; a fresh token carries the role to the rooms and to whoever asks for it here. */
  #roleChanged(told: RoleTold): void {
    this.roleTold.set(told)
    if (told.role === null) return this.#refuse(told.say, true)
    void this.doors.renew().catch(() => undefined)
  }

  #refuse(say: string, isOut: boolean): void {
    this.#leave()
    // After the sockets have gone: their going plans a search.
    clearTimeout(this.#timer)
    this.phase.set({ phase: 'refused', say, isOut })
  }

  /** The sockets decide: while both hold, a page works, whatever became of the server that gave it its doors. */
  #look(): void {
    const now = this.live.get()
    if (now?.tree.connected && now.terminal.connected) {
      this.#searches = 0
      clearTimeout(this.#timer)
      this.phase.set({ phase: 'live' })
      return
    }
    if (this.phase.get().phase !== 'connecting') this.#offline()
    this.#searchLater()
  }

  /** Sockets alone cannot tell a session that ended from one that is away: the doors are asked until it is known. */
  #searchLater(): void {
    clearTimeout(this.#timer)
    if (this.#isDisposed) return
    const longest = Math.min(searchMs.longest, searchMs.first * 2 ** this.#searches)
    this.#searches += 1
    this.#timer = setTimeout(this.hurry, between(0.5, 1) * longest)
  }

  #leave(): void {
    this.live.get()?.dispose()
    this.live.set(null)
  }

  #offline(): void {
    this.phase.update((now) => (now.phase === 'offline' ? now : { phase: 'offline', since: Date.now() }))
  }

  #wentWrong(error: AppError): void {
    if (isFinal(error)) return this.#refuse(error.say, error.code === 'forbidden')
    if (error.code === 'not-running') {
      this.#leave()
      this.phase.set({ phase: 'stopped', say: error.say })
    } else if (this.live.get() === null) this.#offline()
    else return this.#look()
    this.#searchLater()
  }

  /** Before every reconnect the doors are asked anew: a stop, a new generation or a changed role is seen at once. */
  async #freshToken(of: Doors): Promise<string> {
    const isFirst = this.doors.latest.get() === of && this.phase.get().phase !== 'offline'
    if (isFirst) return of.token
    try {
      const now = await this.doors.renew()
      if (!isSame(now, of)) this.hurry()
      return now.token
    } catch (thrown) {
      this.#wentWrong(asAppError(thrown))
      throw thrown
    }
  }
}
