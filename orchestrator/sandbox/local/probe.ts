// Which isolation this machine really offers, tried with the very commands that sessions are started with, and what would mend it.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Level } from '../../../protocol/repl.ts'
import type { Ground } from './ground.ts'
import type { Groups } from './groups.ts'
import { commandOf, type Network, type View } from './view.ts'
import { lackOf, type Lack } from './lacks.ts'

/** A part that hangs (pasta without a tun device does) is one that cannot be used. */
const patienceMs = 2_000
/** One that did not answer in time is asked once more, for longer: a machine that is busy must not count as one that cannot. */
const morePatienceMs = 10_000

export type Offer = {
  /** The best level that works. */
  best: Level
  /** Why the next one does not; null when all do. */
  lack: Lack | null
}

export type ProbeParts = {
  ground: Ground
  /** A number that views run as; null when we are not root. */
  owner: number | null
  groups: Groups | null
  /** PATH of the programs that make views. */
  tools?: string
}

/** Under 100 ms where everything works: what the network stands on is tried alone only when the whole does not work. */
export async function probe(parts: ProbeParts): Promise<Offer> {
  const [net, groups] = await Promise.all([triesNetwork(parts), triesGroups(parts)])
  if (net !== null) {
    const view = await triesView(parts, 'none')
    return view === null ? { best: 'bwrap', lack: lackOf(net) } : { best: 'process', lack: lackOf(view) }
  }
  return groups === null
    ? { best: 'bwrap+net+cgroup', lack: null }
    : { best: 'bwrap+net', lack: lackOf(groups) }
}

/** What went wrong, as the programs said it; null when nothing did. */
export type Fault = { at: 'view' | 'network' | 'groups'; said: string; code: string }

async function triesView(parts: ProbeParts, network: Network): Promise<Fault | null> {
  const first = await triesViewFor(patienceMs, parts, network)
  return first?.code === 'timeout' ? triesViewFor(morePatienceMs, parts, network) : first
}

async function triesViewFor(
  timeout: number,
  { ground, owner, tools = systemPath }: ProbeParts,
  network: Network,
): Promise<Fault | null> {
  const { file, args } = commandOf(trial(ground, owner, network), ground)
  return new Promise((done) => {
    execFile(
      file,
      args,
      { timeout, killSignal: 'SIGKILL', env: { PATH: tools, LC_ALL: 'C' } },
      (fault, _out, said) => {
        if (fault === null) return done(null)
        const code = fault.killed === true ? 'timeout' : String(fault.code)
        done({ at: network === 'private' ? 'network' : 'view', said: said.slice(0, 500), code })
      },
    )
  })
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Our node runs, and our programs and their packages can be read by whoever a view runs as. */
const tryPrograms =
  '[ -r "$1/box.js" ] && [ -r "$1/../node_modules/." ] || { echo "our programs cannot be read" >&2; exit 1; }; exec "$0" --version'

function trial(ground: Ground, owner: number | null, network: Network): View {
  const tmpBytes = 1024 * 1024
  const limits = { processes: 64 }
  const program = ['sh', '-c', tryPrograms, ground.node, ground.programFolder]
  return { program, env: {}, mounts: [], cwd: '/', network, owner, groups: [], tmpBytes, limits }
}

/** Not even tried without its device: it would wait for ever. */
async function triesNetwork(parts: ProbeParts): Promise<Fault | null> {
  try {
    await (await open('/dev/net/tun', 'r+')).close()
  } catch (thrown) {
    return { at: 'network', said: `/dev/net/tun: ${String(thrown)}`, code: 'tun' }
  }
  return triesView(parts, 'private')
}

async function triesGroups({ groups }: ProbeParts): Promise<Fault | null> {
  if (groups === null) return { at: 'groups', said: whoWeAre(), code: 'none' }
  try {
    await groups.make('probe')
    await groups.remove('probe')
    return null
  } catch (thrown) {
    return { at: 'groups', said: String(thrown), code: 'refused' }
  }
}

function whoWeAre(): string {
  const uid = /^Uid:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return uid === '0' ? 'no writable control groups' : 'not root'
}
