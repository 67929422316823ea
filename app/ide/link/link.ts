// The page's way to a running repl: doors, the runner's proof, sockets, and which of them hold right now. It shows nothing.
import { asAppError, type AppError } from '../../../protocol/errors.ts'
import type { Doors } from '../../../protocol/repl.ts'
import { createStore, type Readable } from '../store.ts'
import { between, keepDoors, type DoorsKeeper } from './doors.ts'
import { openLive, type Live } from './live.ts'
import { proveRunner } from './prove.ts'

export type LinkPhase =
  | { phase: 'connecting' }
  | { phase: 'live' }
  /** `since` in milliseconds since 1970. */
  | { phase: 'offline'; since: number }
  | { phase: 'stopped'; say: string }
  /** Final: trying again cannot help. */
  | { phase: 'refused'; say: string }

export type Link = {
  phase: Readable<LinkPhase>
  /** Sockets to the proven runner of the running session; another object after each stop and start. */
  live: Readable<Live | null>
  doors: DoorsKeeper
  /** Tries at once instead of at the next turn. */
  hurry: () => void
  dispose: () => void
}

/** Wait before the next try to find a running session. */
const searchMs = { low: 1_500, high: 4_000 }
const finalCodes = new Set(['forbidden', 'not-found', 'not-signed-in', 'bad-token'])

/** True when both lead to the same session at the same address: one proof and one pair of sockets serve both. */
const isSame = (a: Doors | undefined, b: Doors): boolean =>
  a?.generation === b.generation && a.runner === b.runner && a.runnerKey === b.runnerKey

export type LinkParts = {
  ask: () => Promise<Doors>
  prove?: (doors: Doors) => Promise<void>
  open?: typeof openLive
}

export function openLink(parts: LinkParts): Link {
  const prove = parts.prove ?? ((doors: Doors) => proveRunner(doors))
  const open = parts.open ?? openLive
  const doors = keepDoors(parts.ask)
  const phase = createStore<LinkPhase>({ phase: 'connecting' })
  const live = createStore<Live | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  let disposed = false
  let searching = false

  const leave = (): void => {
    live.get()?.dispose()
    live.set(null)
  }
  const offline = (): void =>
    phase.update((now) => (now.phase === 'offline' ? now : { phase: 'offline', since: Date.now() }))
  const wentWrong = (error: AppError): void => {
    if (error.code === 'not-running') {
      leave()
      phase.set({ phase: 'stopped', say: error.say })
    } else if (finalCodes.has(error.code)) {
      leave()
      phase.set({ phase: 'refused', say: error.say })
      return
    } else offline()
    plan()
  }
  const plan = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void search(), between(searchMs.low, searchMs.high))
  }
  const search = async (): Promise<void> => {
    if (disposed || searching) return
    searching = true
    try {
      const found = await doors.renew()
      if (live.get() !== null && isSame(live.get()?.doors, found)) return
      await prove(found)
      if (!disposed) enter(found)
    } catch (thrown) {
      if (!disposed) wentWrong(asAppError(thrown))
    } finally {
      searching = false
    }
  }
  const enter = (found: Doors): void => {
    leave()
    const next = open(found, freshToken(found))
    const look = (): void => {
      if (live.get() !== next) return
      if (next.tree.connected && next.terminal.connected) phase.set({ phase: 'live' })
      else if (phase.get().phase !== 'connecting') offline()
    }
    for (const socket of [next.tree, next.terminal]) socket.on('connect', look).on('disconnect', look)
    live.set(next)
  }
  /** Before every reconnect the doors are asked anew: a stop, a new generation or a changed role is seen at once. */
  const freshToken = (of: Doors) => async (): Promise<string> => {
    const isFirst = doors.latest.get() === of && phase.get().phase !== 'offline'
    if (isFirst) return of.token
    try {
      const now = await doors.renew()
      if (!isSame(now, of)) void search()
      return now.token
    } catch (thrown) {
      wentWrong(asAppError(thrown))
      throw thrown
    }
  }
  void search()
  return {
    phase,
    live,
    doors,
    hurry: () => void search(),
    dispose: () => {
      disposed = true
      clearTimeout(timer)
      leave()
      doors.dispose()
    },
  }
}
