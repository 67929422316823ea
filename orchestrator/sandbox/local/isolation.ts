// The isolation of this machine as one piece: what is offered, and the cage of a level. Chooses no level.
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { totalmem } from 'node:os'
import { AppError } from '../../../protocol/errors.ts'
import type { Level } from '../../../protocol/repl.ts'
import { type Cage, cageOf, type Limits, noCage } from './cage.ts'
import { groundOf, writeParts } from './ground.ts'
import { type Groups, groupsIn } from './groups.ts'
import { type Owners, ownersIn } from './owners.ts'
import { type Offer, probe } from './probe.ts'
import { architectureOf } from './seccomp.ts'

export type Installation = {
  data: string
  run: string
  /** Folder with runner.js and box.js. */
  programs: string
  /** Where programs are at level `process`. */
  path: string
  /** Where the programs that make views are looked for, instead of where systems have them. */
  tools?: string
}

export type Isolation = {
  cage: Cage
  owners: Owners | null
  groups: Groups | null
  /** Null at level `process`, where a person's own programs run as the person. */
  limits: Limits | null
}

const GiB = 1024 ** 3

/** What one box may use, unless an operator says otherwise. */
export function usualLimits(): Limits {
  return {
    processes: 512,
    memoryBytes: Math.min(2 * GiB, Math.floor(totalmem() / 4)),
    // Three times what a runner takes with as much text open as it opens, and every terminal full.
    runnerBytes: Math.min(1.5 * GiB, Math.floor(totalmem() / 4)),
    cpus: 2,
    diskBytes: 2 * GiB,
    tmpBytes: 128 * 1024 * 1024,
  }
}

const isRoot = (): boolean => process.getuid?.() === 0

/** What this machine offers at this moment. */
export async function offered(of: Installation): Promise<Offer> {
  const arch = architectureOf(process.arch)
  if (process.platform !== 'linux')
    return { best: 'process', lack: { why: 'this system has no bubblewrap', mend: 'a Linux machine or VM' } }
  if (arch === null)
    return { best: 'process', lack: { why: `no filter is known for ${process.arch}`, mend: '' } }
  const ground = groundOf({ parts: partsIn(of.run), programs: of.programs, execPath: process.execPath })
  await writeParts(ground, arch)
  const owner = isRoot() ? trialNumber : null
  const groups = isRoot() ? groupsIn(groupName(of.data), usualLimits()) : null
  return probe({ ground, owner, groups, ...(of.tools === undefined ? {} : { tools: of.tools }) })
}

/** Nobody's number: the last of those that REPLs get. */
const trialNumber = 2_147_483_646

/** What sessions of `level` are made with. Nothing is tried: a level that does not work fails each start, in words. */
export function isolationOf(of: Installation, level: Level, limits = usualLimits()): Isolation {
  const { programs, path } = of
  if (level === 'process')
    return {
      cage: noCage({ programs, path, execPath: process.execPath }),
      owners: null,
      groups: null,
      limits: null,
    }
  const arch = architectureOf(process.arch)
  if (arch === null)
    throw new AppError('bad-input', { say: `There is no isolation for ${process.arch}.`, log: { level } })
  const ground = groundOf({ parts: partsIn(of.run), programs, execPath: process.execPath })
  const ready = async () => {
    await writeParts(ground, arch)
    await mkdir(egressIn(of.run), { recursive: true })
  }
  return {
    cage: cageOf({ level, ground, limits, egressFolder: egressIn(of.run), ready }),
    owners: isRoot() ? ownersIn(of.data) : null,
    groups: level === 'bwrap+net+cgroup' ? groupsIn(groupName(of.data), limits) : null,
    limits,
  }
}

/** Where the proxy of boxes without a network listens. */
export const egressIn = (run: string) => join(run, 'egress')
const partsIn = (run: string) => join(run, 'parts')
const groupName = (data: string) => `devex-${createHash('sha256').update(data).digest('hex').slice(0, 8)}`
