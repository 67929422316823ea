// Finds the product's processes as an operator would, in /proc, and ends one of them without a word.
import { readFileSync, readdirSync } from 'node:fs'
import process from 'node:process'
import { eventually } from './eventually.ts'

/** Process ids whose command line has every one of `words`. */
export function pidsOf(...words: string[]): number[] {
  return everyPid().filter((pid) => words.every((word) => commandLine(pid).includes(word)))
}

export function everyPid(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** Its words, each followed by a space; empty when it is gone. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** The parent of a process, or 0 when it is gone. */
export const parentOf = (pid: number): number => Number(statOf(pid)[1] ?? 0)

/** In the kernel's ticks since the boot; with the number it names one process for ever. */
export const startOf = (pid: number): string => statOf(pid)[19] ?? ''

/** False for one that has let go of everything and only waits for somebody to ask how it ended. */
export const isLiving = (pid: number): boolean => !['Z', 'X', undefined].includes(statOf(pid)[0])

/** What /proc tells of it behind its name; empty when it is gone. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

/** The one server program `name` of the `up` with process id `up`. */
export function serverOf(up: number, name: string): number {
  const [pid] = pidsOf(`programs/${name}.js`).filter((one) => parentOf(one) === up)
  if (pid === undefined) throw new Error(`no ${name} below ${up}`)
  return pid
}

/** The `runner` or `box` of a repl: the program itself, whatever stands around it. */
export function programOf(repl: string, name: 'runner' | 'box'): number {
  const [pid] = programsOf(repl, name)
  if (pid === undefined) throw new Error(`no ${name} of ${repl}`)
  return pid
}

/** All that run as the `runner` or `box` of a repl; one, when all is well. */
export function programsOf(repl: string, name: 'runner' | 'box'): number[] {
  const mark = `${name === 'box' ? 'DEVEX_REPL' : 'DEVEX_RUNNER_OF'}=${repl}`
  return pidsOf(`/${name}.js`).filter(
    (pid) => commandLine(pid).split(' ')[1]?.endsWith(`/${name}.js`) === true && carries(pid, mark),
  )
}

/** True when this variable is in the environment that it was started with. */
export function carries(pid: number, variable: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(variable)
  } catch {
    return false
  }
}

/** A zombie has an empty command line: it has ended, and only waits for somebody to ask how. */
export const isAlive = (pid: number): boolean => commandLine(pid) !== ''

/** As kill -9 does; resolves when it is gone. */
export async function slay(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  await eventually(() => commandLine(pid) === '')
}

/** The process that is number `inner` inside the sandbox that stands on `root`, as this machine numbers it; null when it is gone. */
export function outerPid(root: number, inner: number): number | null {
  const found = everyPid().find((pid) => innermost(pid) === inner && standsOn(pid, root))
  return found ?? null
}

/** Its number in the innermost namespace that it is in. */
function innermost(pid: number): number {
  try {
    return Number(/^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return Number.NaN
  }
}

function standsOn(pid: number, root: number): boolean {
  for (let at = pid; at > 1; at = parentOf(at)) if (at === root) return true
  return false
}
