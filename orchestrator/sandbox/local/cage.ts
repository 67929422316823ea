// How runner and box are started at each level: as bare processes, or each in a view of its own. Starts nothing.
import { join } from 'node:path'
import type { Level } from '../../../protocol/repl.ts'
import type { Ground } from './ground.ts'
import type { Places } from './places.ts'
import { commandOf, inside, type Command, type Mount, type View } from './view.ts'

/** Where a program finds its things: outside, or in its view. */
export type Surface = {
  workspace: string
  state: string
  home: string
  runnerSocket: string
  boxSocket: string
}

export type Start = {
  at: Places
  /** The REPL's number when we are root. */
  owner: number | null
  /** Files that the box writes its number into to join its limits. */
  groups: string[]
  env: Record<string, string>
}

export type Limits = {
  processes: number
  memoryBytes: number
  /** Of the runner and what stands around it; it is started again beyond that, while the box goes on. */
  runnerBytes: number
  cpus: number
  diskBytes: number
  tmpBytes: number
}

/** The proxy's socket as a box finds it, and the port of its loopback at which programs do. */
export type Egress = { socket: string; port: number }

export type Cage = {
  level: Level
  /** Null where the box needs no proxy to the internet. */
  egress: Egress | null
  /** Programs of ours that `node` runs; PATH of a person's programs. */
  path: string
  surface(at: Places): Surface
  /** Before each start: what views are built from is as the machine is now. */
  ready(): Promise<void>
  runner(start: Start): Command
  box(start: Start): Command
}

/** No view: everything is as it is outside. */
export function noCage(of: { programs: string; execPath: string; path: string }): Cage {
  const command = (program: string, launch: string): Command => ({
    file: of.execPath,
    args: [join(of.programs, program), launch],
  })
  return {
    level: 'process',
    egress: null,
    path: of.path,
    surface: (at) => at,
    ready: () => Promise.resolve(),
    runner: ({ at }) => command('runner.js', at.runnerLaunch),
    box: ({ at }) => command('box.js', at.boxLaunch),
  }
}

/** Both sockets' folders, in the runner's view alone: a box is handed its own. */
const run = { runner: '/run/devex/r', box: '/run/devex/b', egress: '/run/devex/egress' }
/** The port that proxies usually have. */
const egress: Egress = { socket: `${run.egress}/s`, port: 3128 }
const state = '/state'

export type CageParts = {
  level: Exclude<Level, 'process'>
  ground: Ground
  limits: Limits
  /** Folder with the socket of the proxy, for boxes without a network. */
  egressFolder: string
  ready: () => Promise<void>
}

export function cageOf(of: CageParts): Cage {
  const { level, ground, limits } = of
  const view = (start: Start, what: { name: 'runner' | 'box'; mounts: Mount[] }): View => {
    const launch = `/run/devex/${what.name}.json`
    const mine = write(start.at.workspace, inside.workspace)
    return {
      program: [ground.node, `${ground.programFolder}/${what.name}.js`, launch],
      env: start.env,
      mounts: [mine, ...what.mounts, read(launchOf(start.at, what.name), launch)],
      cwd: '/',
      owner: start.owner,
      groups: what.name === 'box' ? start.groups : [],
      tmpBytes: limits.tmpBytes,
      network: what.name === 'runner' ? 'host' : level === 'bwrap' ? 'none' : 'private',
      limits: what.name === 'runner' ? null : { processes: limits.processes },
    }
  }
  return {
    level,
    egress: level === 'bwrap' ? egress : null,
    path: ground.path,
    surface: () => surface,
    ready: of.ready,
    runner: (start) => {
      const { at } = start
      const mounts = [write(at.state, state), write(at.runnerRun, run.runner), read(at.boxRun, run.box)]
      return commandOf(view(start, { name: 'runner', mounts }), ground)
    },
    box: (start) => {
      const mounts = [
        write(start.at.home, inside.home),
        ...(level === 'bwrap' ? [read(of.egressFolder, run.egress)] : []),
      ]
      return loggedByPipe(commandOf(view(start, { name: 'box', mounts }), ground))
    },
  }
}

/**
 * What a box prints goes through a pipe to its log: a program that takes the descriptor from the box would else hold a file
 * of ours. The copier ends when everybody behind the pipe has.
 */
const copied = 'exec "$@" > >(exec cat) 2>&1'

function loggedByPipe({ file, args }: Command): Command {
  return { file: 'bash', args: ['-c', copied, 'box', file, ...args] }
}

const surface: Surface = {
  workspace: inside.workspace,
  state,
  home: inside.home,
  runnerSocket: `${run.runner}/s`,
  boxSocket: `${run.box}/s`,
}

const launchOf = (at: Places, name: 'runner' | 'box') => (name === 'runner' ? at.runnerLaunch : at.boxLaunch)
const write = (from: string, to: string): Mount => ({ from, to, isWritable: true })
const read = (from: string, to: string): Mount => ({ from, to, isWritable: false })
