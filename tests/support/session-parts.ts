// Which processes a session stands on, part by part, as an operator finds them in /proc below the two that the driver knows.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { carries, commandLine, everyPid, isAlive, isLiving, parentOf, startOf } from './processes.ts'

export const sides = ['runner', 'box'] as const
export type Side = (typeof sides)[number]

/**
 * Around each program of ours a cage has its outermost process (pasta, where the view has a network of its own), the one that
 * builds the view, and the first of the view's own numbers; beside a box, what copies its output to its log.
 */
export const around = [
  'runner first',
  'runner view',
  'runner outermost',
  'box first',
  'box view',
  'box outermost',
  'box log',
] as const
export type Part = Side | (typeof around)[number]

export const sideOf = (part: Part): Side => (part.startsWith('box') ? 'box' : 'runner')

/** A process that cannot be mistaken for a later one with its number. */
export type Standing = { side: Side; pid: number; start: string; command: string }

const Known = z.object({
  runner: z.object({ pid: z.number() }).nullable(),
  box: z.object({ pid: z.number() }).nullable(),
})

/** `processes`: the driver's file. Without a cage a program is all there is; what is not there, or not yet, is left out. */
export function partsOf(processes: string): Map<Part, number> {
  const found = new Map<Part, number>()
  for (const side of sides) {
    const outermost = rootIn(processes, side)
    if (outermost !== null && isAlive(outermost)) addParts(found, side, outermost)
  }
  return found
}

function addParts(found: Map<Part, number>, side: Side, outermost: number): void {
  const tree = treeOf(outermost)
  const program = tree.find((pid) => commandLine(pid).split(' ')[1]?.endsWith(`/${side}.js`) === true)
  if (program !== undefined) found.set(side, program)
  if (program === outermost) return
  found.set(`${side} outermost`, outermost)
  const first = program === undefined ? 0 : parentOf(program)
  const view = parentOf(first)
  if (tree.includes(first) && first !== outermost) found.set(`${side} first`, first)
  if (tree.includes(view) && view !== outermost) found.set(`${side} view`, view)
  const log = tree.find((pid) => parentOf(pid) === outermost && commandLine(pid) === 'cat ')
  if (side === 'box' && log !== undefined) found.set('box log', log)
}

/** Everything that runs for a session at this moment: what stands on the processes that are known, and what carries its mark. */
export function standing(processes: string, repl: string): Standing[] {
  return sides.flatMap((side) => {
    const root = rootIn(processes, side)
    const mark = `${side === 'box' ? 'DEVEX_REPL' : 'DEVEX_RUNNER_OF'}=${repl}`
    const pids = new Set([
      ...(root === null ? [] : treeOf(root)),
      ...everyPid().filter((pid) => carries(pid, mark)),
    ])
    return [...pids].map((pid) => ({
      side,
      pid,
      start: startOf(pid),
      command: commandLine(pid).slice(0, 60),
    }))
  })
}

export const isStanding = ({ pid, start }: Standing): boolean => isLiving(pid) && startOf(pid) === start

function rootIn(processes: string, side: Side): number | null {
  try {
    return Known.parse(JSON.parse(readFileSync(processes, 'utf8')))[side]?.pid ?? null
  } catch {
    return null
  }
}

/** A process and everything that stands on it, the parent before its children. */
function treeOf(root: number): number[] {
  const parents = everyPid().map((pid) => ({ pid, parent: parentOf(pid) }))
  const found = parents.some(({ pid }) => pid === root) ? [root] : []
  for (const above of found)
    found.push(...parents.flatMap(({ pid, parent }) => (parent === above ? [pid] : [])))
  return found
}
