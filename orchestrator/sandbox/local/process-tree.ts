// Which processes belong together on this machine, and ending all of them. Knows nothing of repls but their marks.
import { execFile } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  bootId,
  identify,
  isAlive,
  isSameBoot,
  statFields,
  type ProcessIdentity,
} from '../../process-identity.ts'

const run = promisify(execFile)

/** How often we look whether a process has gone: ends are seen within this many milliseconds. */
const lookMs = 20
/** What stands around our programs ends by itself within this many milliseconds of them, and copies their last words; or is stopped. */
const aroundMs = 500
/** Rounds of killing before giving up: each round also catches what was forked during the one before. */
const killRounds = 50

/** `starttime` as ProcessIdentity has it; empty where there is no /proc. */
export type Row = { pid: number; parent: number; group: number; session: number; starttime: string }

/**
 * Ends what descends from `roots` or carries a mark in its environment. Our own programs among them, known by their file's
 * name, are told and get `graceMs`: around them stand others that would take them along without a word.
 */
export async function endAll(tree: {
  roots: ProcessIdentity[]
  marks: string[]
  programs: string[]
  graceMs: number
}): Promise<void> {
  const members = new Map<number, ProcessIdentity>()
  await gather(tree.roots, tree.marks, members)
  const told: ProcessIdentity[] = []
  for (const each of members.values()) if (await runs(each.pid, tree.programs)) told.push(each)
  for (const { pid } of told) signal(pid, 'SIGTERM')
  // One that was stopped hears it too, and can end what it has begun.
  for (const { pid } of told) signal(pid, 'SIGCONT')
  await gone(told, tree.graceMs)
  if (told.length > 0) await gone(tree.roots, aroundMs)
  for (let round = 0; round < killRounds; round++) {
    await gather([...members.values()], tree.marks, members)
    const alive = await living([...members.values()])
    if (alive.length === 0) return
    for (const each of alive) signal(each.pid, 'SIGKILL')
    await gone(alive, lookMs * 2)
  }
  throw new Error(`processes would not end: ${[...members.keys()].join(' ')}`)
}

/** Adds to `members` the living roots, what descends from them, shares their process groups, or carries the mark. */
async function gather(
  roots: ProcessIdentity[],
  marks: string[],
  members: Map<number, ProcessIdentity>,
): Promise<void> {
  const rows = await allProcesses()
  const taken = new Set(rows.map((row) => row.pid))
  const alive = new Set(await living(roots))
  const boot = await bootId()
  // A dead leader's number still names its session while a member lives, and is given to nobody else as long.
  const isOurs = (root: ProcessIdentity) =>
    alive.has(root) || (isSameBoot(root.boot, boot) && !taken.has(root.pid))
  const inside = new Set(roots.filter(isOurs).map((root) => root.pid))
  for (const row of rows) if (await carriesMark(row.pid, marks)) inside.add(row.pid)
  let size = -1
  while (size !== inside.size) {
    size = inside.size
    for (const row of rows)
      if (inside.has(row.parent) || inside.has(row.session) || inside.has(row.group)) inside.add(row.pid)
  }
  inside.delete(process.pid)
  for (const pid of inside) {
    // The number of a dead leader: somebody who has it from now on is none of them.
    if (!taken.has(pid)) continue
    const identity = members.has(pid) ? null : await identify(pid)
    if (identity !== null) members.set(pid, identity)
  }
}

async function living(identities: ProcessIdentity[]): Promise<ProcessIdentity[]> {
  const alive = await Promise.all(identities.map(isAlive))
  return identities.filter((_, index) => alive[index])
}

async function gone(identities: ProcessIdentity[], withinMs: number): Promise<void> {
  for (let waited = 0; waited < withinMs; waited += lookMs) {
    if ((await living(identities)).length === 0) return
    await wait(lookMs)
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone already, which is what we want.
  }
}

export async function allProcesses(): Promise<Row[]> {
  return process.platform === 'linux' ? linuxProcesses() : otherProcesses()
}

async function linuxProcesses(): Promise<Row[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const rows = await Promise.all(
    pids.map(async (pid) => {
      const fields = await statFields(pid)
      if (fields === null) return null
      const [parent = 0, group = 0, session = 0] = fields.slice(1, 4).map(Number)
      return { pid, parent, group, session, starttime: fields[19] ?? '' }
    }),
  )
  return rows.filter((row) => row !== null)
}

async function otherProcesses(): Promise<Row[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,pgid='])
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([pid = 0, parent = 0, group = 0]) => ({ pid, parent, group, session: 0, starttime: '' }))
}

/** True when its first argument is one of our programs; what stands around it has that further behind. */
async function runs(pid: number, programs: string[]): Promise<boolean> {
  const [, first = ''] = await commandLine(pid)
  return programs.some((program) => first.endsWith(`/${program}`))
}

async function commandLine(pid: number): Promise<string[]> {
  if (process.platform === 'linux')
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  const listed = await run('ps', ['-o', 'args=', '-p', String(pid)]).catch(() => null)
  return listed?.stdout.trim().split(' ') ?? []
}

/** A process that left its parent, group and session behind still has the environment it was started with. */
async function carriesMark(pid: number, marks: string[]): Promise<boolean> {
  if (process.platform !== 'linux') return false
  const environ = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
  return environ.split('\0').some((each) => marks.includes(each))
}
