// What the programs of a sandbox use at this moment: memory by what is theirs alone, bytes written, and the disk. Bounds nothing.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Use } from '../../../protocol/repl.ts'
import type { Limits } from './cage.ts'
import { allProcesses, type Row } from './process-tree.ts'
import type { Member } from './members.ts'
import type { Places } from './places.ts'

const run = promisify(execFile)

/** The kernel says kB and means this. */
const kiB = 1024
/** Looking through a workspace takes no longer than this; a slower one is looked at next time. */
const duMs = 20_000

/** The processes that stand on each of `roots`, itself first; none for a root that is gone. */
export async function membersOf(roots: number[]): Promise<Map<number, Member[]>> {
  const rows = await allProcesses()
  const children = grouped(rows)
  const byPid = new Map(rows.map((row) => [row.pid, row]))
  return new Map(roots.map((root) => [root, below(byPid.get(root), children)]))
}

function grouped(rows: Row[]): Map<number, Row[]> {
  const children = new Map<number, Row[]>()
  for (const row of rows) {
    const siblings = children.get(row.parent)
    if (siblings === undefined) children.set(row.parent, [row])
    else siblings.push(row)
  }
  return children
}

function below(root: Row | undefined, children: Map<number, Row[]>): Member[] {
  const found = root === undefined ? [] : [root]
  for (const { pid } of found) found.push(...(children.get(pid) ?? []))
  return found.map(({ pid, starttime }) => ({ pid, starttime }))
}

/** Bytes that are this process's share of the memory it maps; 0 when it is gone. Some 0.3 ms each. */
export async function shareOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * kiB
}

/** Bytes resident, shared ones counted whole: never less than its share, and cheap. */
export async function residentOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * kiB
}

/** Bytes that it and the children it waited for have sent to disks. */
export async function writtenBy(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/io`, 'utf8').catch(() => '')
  return Number(/^write_bytes: (\d+)$/m.exec(text)?.[1] ?? 0)
}

/**
 * True for what stands around a person's programs: not to blame, and not to be stopped. Told by place, for a name can be taken:
 * it is outside, or the first in its namespace, or the box itself, which is the second.
 */
export async function isOurs(pid: number): Promise<boolean> {
  const numbers = await numbersOf(pid)
  return numbers.length <= 1 || (numbers.at(-1) ?? 0) <= boxInside
}

/** True for what runs in a view of its own, not around it. */
export async function isInside(pid: number): Promise<boolean> {
  return (await numbersOf(pid)).length > 1
}

/** Its number here and in each namespace below; empty when it is gone. */
export async function numbersOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return /^NSpid:\s+(.+)$/m.exec(text)?.[1]?.split(/\s+/).map(Number) ?? []
}

/** Number of the box where it runs: bwrap is the first. */
const boxInside = 2

export async function total(pids: number[], one: (pid: number) => Promise<number>): Promise<number> {
  let sum = 0
  for (const pid of pids) sum += await one(pid)
  return sum
}

/** The folders of a sandbox in which its programs can leave bytes on the disk. */
export const foldersOf = ({ work, home }: Pick<Places, 'work' | 'home'>): string[] => [work, home]

/** Bytes of the disk that what can be found in these folders takes; null when it could not be told in time. */
export async function diskOf(folders: string[], withinMs = duMs): Promise<number | null> {
  const told = await run('nice', ['-n', '19', 'du', '-sxB1', '--', ...folders], { timeout: withinMs }).catch(
    // A file that goes while it looks is told of, and is no reason to know nothing.
    (thrown: unknown) =>
      thrown instanceof Error && 'stdout' in thrown ? { stdout: String(thrown.stdout) } : null,
  )
  const sizes = told?.stdout.match(/^\d+/gm)?.map(Number) ?? []
  return sizes.length === folders.length ? sizes.reduce((sum, size) => sum + size, 0) : null
}

/** `roots`: the outermost processes of runner and box. */
export async function useOf(roots: number[], at: Places, limits: Limits | null): Promise<Use> {
  const members = [...(await membersOf(roots)).values()].flat()
  const pids = members.map(({ pid }) => pid)
  const [memoryBytes, diskBytes] = await Promise.all([total(pids, shareOf), diskOf(foldersOf(at))])
  const bounds =
    limits === null
      ? null
      : { memoryBytes: limits.memoryBytes, diskBytes: limits.diskBytes, processes: limits.processes }
  return { memoryBytes, processes: pids.length, diskBytes, limits: bounds }
}
