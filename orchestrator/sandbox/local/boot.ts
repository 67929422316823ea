// Brings a session's runner and box to life in the cage that this machine has: who owns its files, what is told, what is spawned.
import { randomBytes } from 'node:crypto'
import { chown, rm } from 'node:fs/promises'
import { BoxLaunch, RunnerLaunch } from '../../../protocol/control.ts'
import { isFile, writeWhole } from '../../disk.ts'
import type { ProcessIdentity } from '../../process-identity.ts'
import type { Session } from '../sandbox.ts'
import type { Cage } from './cage.ts'
import { boxSocketAt } from './box-socket.ts'
import { boxLaunch, markOf, readLaunch, runnerLaunch, type Surroundings } from './launch.ts'
import type { Groups } from './groups.ts'
import { given, type Owners } from './owners.ts'
import type { Places } from './places.ts'
import { endAll } from './process-tree.ts'
import { readProcesses, startProgram, writeProcesses } from './processes.ts'

/** Runner and box get this long to end by themselves before they are killed. */
export const graceMs = 3_000

export type BootParts = {
  cage: Cage
  /** Null when we are not root, or at level `process`: everything is ours then. */
  owners: Owners | null
  /** Null where boxes are not bounded by the kernel's groups. */
  groups: Groups | null
  surroundings: Surroundings
  ended: (repl: string, what: 'runner' | 'box') => (how: object) => void
}

/** Both programs find what they need under the number they run as. Gives that number; nothing of the session may run. */
export async function prepare({ owners, cage }: BootParts, at: Places): Promise<number | null> {
  await cage.ready()
  if (owners === null) {
    await given.forget(at)
    return null
  }
  const number = await owners.of(at)
  if (!(await given.has(at, number))) {
    await owners.give(number, [at.work, at.home])
    await given.note(at, number)
  }
  for (const folder of [at.runnerRun, at.boxRun]) await chown(folder, number, number)
  return number
}

type Starting = { session: Session; at: Places; owner: number | null }

/** A dead box may have left programs behind: they go first. The runner stays, so the new box takes the secret it knows. */
export async function startBox(parts: BootParts, { session, at, owner }: Starting): Promise<ProcessIdentity> {
  await endBox(at, session.repl)
  const known = await readProcesses(at.processes)
  // The mark is of a box's disk, and so stays when only the runner is started again. Whoever watches the new box looks anew.
  for (const stale of [at.boxSocket, at.diskFull]) await rm(stale, { force: true })
  const dialler = await readLaunch(at.runnerLaunch, RunnerLaunch)
  const boxSecret = dialler?.boxSecret ?? randomBytes(32).toString('hex')
  const launch = boxLaunch(session, surfaceOf(parts.cage, at), { ...parts.surroundings, boxSecret })
  await writeLaunch(at.boxLaunch, launch, owner)
  const env = programEnv(parts.surroundings, markOf.box(session.repl))
  const groups = (await parts.groups?.make(session.repl)) ?? []
  const socket = parts.cage.level === 'process' ? null : await boxSocketAt(at.boxSocket, owner)
  const box = await startProgram({
    command: parts.cage.box({ at, owner, groups, env: { PATH: parts.cage.path, ...env } }),
    log: at.boxLog,
    cwd: at.sandbox,
    env,
    ...(socket === null ? {} : { stdin: socket.fd }),
    ended: parts.ended(session.repl, 'box'),
  }).finally(() => socket?.release())
  await writeProcesses(at.processes, { ...known, level: parts.cage.level, box })
  return box
}

/** With every program in it, also those that left it. */
export async function endBox(at: Places, repl: string): Promise<void> {
  const { box } = await readProcesses(at.processes)
  const roots = box === null ? [] : [box]
  if (await wasLaunched(at)) await endAll({ roots, marks: [markOf.box(repl)], programs: ['box.js'], graceMs })
}

/** Always with the secret that the box was started with. */
export async function startRunner(
  parts: BootParts,
  { session, at, owner }: Starting,
): Promise<ProcessIdentity> {
  const known = await readProcesses(at.processes)
  const roots = known.runner === null ? [] : [known.runner]
  const mark = markOf.runner(session.repl)
  if (await isFile(at.runnerLaunch)) await endAll({ roots, marks: [mark], programs: ['runner.js'], graceMs })
  await rm(at.runnerSocket, { force: true })
  const boxSecret = (await readLaunch(at.boxLaunch, BoxLaunch))?.secret ?? ''
  const launch = runnerLaunch(session, surfaceOf(parts.cage, at), { ...parts.surroundings, boxSecret })
  await writeLaunch(at.runnerLaunch, launch, owner)
  const env = programEnv(parts.surroundings, mark)
  const runner = await startProgram({
    command: parts.cage.runner({ at, owner, groups: [], env: { PATH: parts.cage.path, ...env } }),
    log: at.runnerLog,
    cwd: at.sandbox,
    env,
    ended: parts.ended(session.repl, 'runner'),
  })
  await writeProcesses(at.processes, { ...known, level: parts.cage.level, runner })
  return runner
}

function surfaceOf(cage: Cage, at: Places) {
  return { level: cage.level, path: cage.path, surface: cage.surface(at), egress: cage.egress }
}

async function writeLaunch(path: string, launch: object, owner: number | null): Promise<void> {
  await writeWhole(path, JSON.stringify(launch))
  if (owner !== null) await chown(path, owner, owner)
}

/** Where the programs that build a view are; inside, a view has a path of its own. */
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Our own programs get no secret by environment either; they read their launch file. */
function programEnv(surroundings: Surroundings, mark: string): Record<string, string> {
  const [name = '', value = ''] = mark.split('=')
  const { lang, build } = surroundings
  return { PATH: systemPath, LANG: lang, DEVEX_BUILD: build, NODE_ENV: 'production', [name]: value }
}

/** A launch file is written before its program is started and lives as long as the sandbox. */
export async function wasLaunched(at: Places): Promise<boolean> {
  return (await isFile(at.boxLaunch)) || (await isFile(at.runnerLaunch))
}
