// Control groups of the kernel that bound what a box uses: memory, processes, processor. Both generations; only of use to root.
import { accessSync, constants, existsSync } from 'node:fs'
import { mkdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Limits } from './cage.ts'

const kernel = '/sys/fs/cgroup'
/** Microseconds of the span in which processor time is counted. */
const spanUs = 100_000
/** A box's weight against that of our own programs, while there is not enough for all. */
const behindOurs = 0.25
/** Processes of ours that stand around a person's, and threads of the box. */
const oursBeside = 64

export type Groups = {
  /** Makes the group of a repl; gives the files that a process writes its number into to be in it. */
  make(repl: string): Promise<string[]>
  /** A group that still holds a process stays. */
  remove(repl: string): Promise<void>
}

type Setting = [file: string, value: string]
type Kind = { folders: string[]; settings: (limits: Limits) => Setting[][] }

/** Null where the machine has none that we may write. `name` tells installations apart. */
export function groupsIn(name: string, limits: Limits): Groups | null {
  const kind = first() ?? second()
  if (kind === null) return null
  const folderOf = (top: string, repl: string) => join(top, name, repl)
  return {
    async make(repl) {
      if (isSecond()) await passOn(name)
      const settings = kind.settings(limits)
      for (const [index, top] of kind.folders.entries()) {
        const folder = folderOf(top, repl)
        // Above it, the group may be going with another repl at this very moment.
        await mkdir(folder, { recursive: true }).catch(() => mkdir(folder, { recursive: true }))
        for (const [file, value] of settings[index] ?? []) await set(join(folder, file), value)
      }
      return kind.folders.map((top) => join(folderOf(top, repl), 'cgroup.procs'))
    },
    async remove(repl) {
      for (const top of kind.folders) await rmdir(folderOf(top, repl)).catch(() => undefined)
      // The last one of an installation takes its group along; while another is in it that is refused.
      for (const top of kind.folders) await rmdir(join(top, name)).catch(() => undefined)
    },
  }
}

/** Settings that a kernel may lack are marked so: swap accounting is often off. */
async function set(path: string, value: string): Promise<void> {
  if (path.endsWith('?')) await writeFile(path.slice(0, -1), value).catch(() => undefined)
  else await writeFile(path, value)
}

function first(): Kind | null {
  const folders = ['memory', 'pids', 'cpu'].map((name) => join(kernel, name))
  if (!folders.every(isOurs)) return null
  return {
    folders,
    settings: ({ memoryBytes, processes, cpus }) => [
      [
        ['memory.limit_in_bytes', String(memoryBytes)],
        ['memory.memsw.limit_in_bytes?', String(memoryBytes)],
      ],
      [['pids.max', String(processes + oursBeside)]],
      [
        ['cpu.cfs_period_us', String(spanUs)],
        ['cpu.cfs_quota_us', String(cpus * spanUs)],
        ['cpu.shares?', String(Math.round(1024 * behindOurs))],
      ],
    ],
  }
}

const isSecond = (): boolean => existsSync(join(kernel, 'cgroup.controllers'))

function second(): Kind | null {
  if (!isSecond() || !isOurs(kernel)) return null
  return {
    folders: [kernel],
    settings: ({ memoryBytes, processes, cpus }) => [
      [
        ['memory.max', String(memoryBytes)],
        ['memory.swap.max?', '0'],
        ['pids.max', String(processes + oursBeside)],
        ['cpu.max', `${cpus * spanUs} ${spanUs}`],
        ['cpu.weight?', String(Math.round(100 * behindOurs))],
      ],
    ],
  }
}

/** In the second generation a group has a limit only when those above hand it on. */
async function passOn(name: string): Promise<void> {
  await mkdir(join(kernel, name), { recursive: true })
  for (const folder of [kernel, join(kernel, name)])
    await writeFile(join(folder, 'cgroup.subtree_control'), '+memory +pids +cpu')
}

function isOurs(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return existsSync(join(folder, 'cgroup.procs'))
  } catch {
    return false
  }
}
