// Finds the product's processes as an operator would, in /proc, and ends one of them without a word.
import { readFileSync, readdirSync } from 'node:fs'
import process from 'node:process'
import { eventually } from './eventually.ts'

/** Process ids whose command line has every one of `words`. */
export function pidsOf(...words: string[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => words.every((word) => commandLine(pid).includes(word)))
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** The parent of a process, or 0 when it is gone. */
export function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
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
    (pid) =>
      commandLine(pid).split(' ')[1]?.endsWith(`/${name}.js`) === true && environOf(pid).includes(mark),
  )
}

function environOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
  } catch {
    return []
  }
}

/** As kill -9 does; resolves when it is gone. */
export async function slay(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  await eventually(() => commandLine(pid) === '')
}

/** The process that is number `inner` inside the sandbox that stands on `root`, as this machine numbers it; null when it is gone. */
export function outerPid(root: number, inner: number): number | null {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => innermost(pid) === inner && standsOn(pid, root))
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
