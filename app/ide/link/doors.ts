// Keeps one fresh token and the addresses of a running repl; it opens no socket.
import { AppError, asAppError, type ErrorCode } from '../../../protocol/errors.ts'
import type { Doors } from '../../../protocol/repl.ts'
import { createStore, type Readable } from '../store.ts'

export type Clock = { now: () => number }

/** Never asks twice within this time, whatever a clock that is wrong makes of the half-life. */
const shortestRenewalMs = 5_000
/** First and longest wait after a renewal that failed. */
const retryMs = { first: 1_000, longest: 20_000 }

export type DoorsKeeper = {
  latest: Readable<Doors | null>
  /** Doors whose token is in its first half, asked for anew when it is not. */
  current: () => Promise<Doors>
  /** Asks for new doors whatever the age of the old ones. */
  renew: () => Promise<Doors>
  dispose: () => void
}

/** Refusals that do not pass by themselves. */
const finalCodes = new Set<ErrorCode>(['forbidden', 'not-found', 'not-signed-in', 'bad-token'])
export const isFinal = (thrown: unknown): boolean => finalCodes.has(asAppError(thrown).code)

/** `between(a, b)` spreads retries so that a class does not come back in lockstep. */
export const between = (low: number, high: number): number => low + Math.random() * (high - low)

export function keepDoors(ask: () => Promise<Doors>, clock: Clock = Date): DoorsKeeper {
  const latest = createStore<Doors | null>(null)
  let renewAt = 0
  let asking: Promise<Doors> | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let disposed = false

  const planRenewal = (delay: number, failures: number): void => {
    clearTimeout(timer)
    if (disposed) return
    const again = (fault: unknown): void =>
      isFinal(fault) ? undefined : planRenewal(backoff(failures), failures + 1)
    timer = setTimeout(() => void renew().catch(again), delay)
  }
  const backoff = (failures: number): number =>
    between(0.5, 1) * Math.min(retryMs.longest, retryMs.first * 2 ** failures)

  const take = (doors: Doors): Doors => {
    const half = Math.max(shortestRenewalMs, (doors.expiresAt - clock.now()) / 2)
    renewAt = clock.now() + half
    latest.set(doors)
    planRenewal(half, 0)
    return doors
  }
  const renew = (): Promise<Doors> => {
    if (disposed) return Promise.reject(new AppError('unavailable', { say: 'This page has been closed.' }))
    asking ??= ask()
      .then(take, (thrown: unknown) => {
        throw asAppError(thrown)
      })
      .finally(() => {
        asking = null
      })
    return asking
  }
  return {
    latest,
    renew,
    current: () => {
      const doors = latest.get()
      return doors !== null && clock.now() < renewAt ? Promise.resolve(doors) : renew()
    },
    dispose: () => {
      disposed = true
      clearTimeout(timer)
    },
  }
}
