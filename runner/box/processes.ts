// Finds and signals the programs of a terminal or of the whole box, also those that left their terminal. Reads /proc where
// there is one; elsewhere it knows process groups alone.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { behindOurs, boxMark } from './shell.ts'

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGHUP' | 'SIGCONT'

type Process = { pid: number; session: number; foreground: number }

/** Programs of the session that `leader` began; a terminal's shell leads one. */
export function sessionOf(leader: number): number[] {
  return listProcesses()
    .filter((process) => process.session === leader)
    .map((process) => process.pid)
}

/** Programs that carry our mark in their environment or belong to one of the sessions. */
export function programsOf(mark: string, leaders: ReadonlySet<number>): number[] {
  return listProcesses()
    .filter(({ pid, session }) => leaders.has(session) || (pid !== process.pid && carries(pid, mark)))
    .map((process) => process.pid)
}

/** Every process that we may see. */
export function everybody(): number[] {
  return listProcesses().map((process) => process.pid)
}

/** The process group in the foreground of the terminal whose shell is `leader`, or that of the shell. */
export function foregroundOf(leader: number): number {
  const found = readProcess(leader)?.foreground ?? 0
  return found > 1 ? found : leader
}

/** A program that is gone is no fault. */
export function signalProcess(pid: number, signal: Signal): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Ended in between, or not ours.
  }
}

/** Linux may order whole sessions first, and programs only within one: the session that `leader` began comes behind ours. */
export function giveWay(leader: number): void {
  try {
    writeFileSync(`/proc/${leader}/autogroup`, String(behindOurs))
  } catch {
    // Ended at once, or a system that has no such order.
  }
}

export function signalGroup(group: number, signal: Signal): void {
  signalProcess(-group, signal)
}

function listProcesses(): Process[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => readProcess(Number(name)) ?? [])
  } catch {
    return []
  }
}

/** Fields of /proc/<pid>/stat behind the name: state, parent, group, session, terminal, foreground group. */
function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state, , , session, , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z' || state === 'X') return undefined
    return { pid, session: Number(session), foreground: Number(foreground) }
  } catch {
    return undefined
  }
}

function carries(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${boxMark}=${mark}`)
  } catch {
    return false
  }
}
