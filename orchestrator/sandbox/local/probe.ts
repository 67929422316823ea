// Which isolation this machine really offers, tried with the very commands that sessions are started with, and what would mend it.
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Level } from '../../../protocol/repl.ts'
import { type Circumstance, circumstance } from './circumstance.ts'
import type { Ground } from './ground.ts'
import type { Groups } from './groups.ts'
import { type Command, commandOf, type Network, type View } from './view.ts'
import { lackOf, type Lack } from './lacks.ts'

/** A part that hangs (pasta without a tun device does) is one that cannot be used. */
const patienceMs = 2_000
/** One that did not answer in time is asked once more, for longer: a machine that is busy must not count as one that cannot. */
const morePatienceMs = 10_000

/** Characters of what a part says that are kept. */
const mostSaid = 500

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
  /** Who and where we are, for the words. */
  now?: Circumstance
}

/** Under 100 ms where everything works: what the network stands on is tried alone only when the whole does not work. */
export async function probe(parts: ProbeParts): Promise<Offer> {
  const now = parts.now ?? circumstance()
  const [net, groups] = await Promise.all([triesNetwork(parts), triesGroups(parts)])
  if (net !== null) {
    const view = await triesView(parts, 'none')
    return view === null
      ? { best: 'bwrap', lack: lackOf(net, now) }
      : { best: 'process', lack: lackOf(view, now) }
  }
  return groups === null
    ? { best: 'bwrap+net+cgroup', lack: null }
    : { best: 'bwrap+net', lack: lackOf(groups, now) }
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
  const at = network === 'private' ? 'network' : 'view'
  const missing = (network === 'private' ? ['bwrap', 'pasta', 'nft'] : ['bwrap']).find(
    (name) => !isIn(tools, name),
  )
  // Said first: a container that forbids namespaces would be blamed alone, and its person start twice.
  if (missing !== undefined) return { at, said: `${missing}: not found`, code: '127' }
  const tried = await tries(commandOf(trial(ground, owner, network), ground), tools, timeout)
  return tried === null ? null : { at, ...tried }
}

/** Null when it ended well. Nothing of it is left: a pasta that was refused its network would stay for ever. */
function tries({ file, args }: Command, tools: string, timeoutMs: number): Promise<Omit<Fault, 'at'> | null> {
  const env = { PATH: tools, LC_ALL: 'C' }
  const child = spawn(file, args, { env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  let isLate = false
  child.stderr.setEncoding('utf8').on('data', (words: string) => (said = (said + words).slice(0, mostSaid)))
  return new Promise((done) => {
    const late = setTimeout(() => {
      isLate = child.exitCode === null && child.signalCode === null
      endGroup(child)
      child.stderr.destroy()
    }, timeoutMs)
    const end = (code: string | null): void => {
      clearTimeout(late)
      done(code === null ? null : { said, code: isLate ? 'timeout' : code })
    }
    child.on('error', (fault: NodeJS.ErrnoException) => end(fault.code ?? fault.message))
    child.on('exit', () => endGroup(child))
    child.on('close', (code, signal) => end(code === 0 ? null : String(code ?? signal)))
  })
}

function endGroup({ pid }: { pid?: number | undefined }): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}

function isIn(path: string, name: string): boolean {
  return path.split(':').some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Our node runs, and our programs, with the code that each loads, and their packages can be read by whoever a view runs as. Built
 * programs come in three files, the ones of `npm run dev` in one.
 */
const tryPrograms = `no() { echo "our programs $1: $2" >&2; exit 1; }
[ -r "$1/box.js" ] || no "cannot be read" box.js
[ -r "$1/../node_modules/." ] || no "cannot be read" node_modules
for name in runner box; do
  [ ! -e "$1/$name.code.cache" ] || [ -e "$1/$name.code.cjs" ] || no "are not whole" "$name.code.cjs"
  for file in "$1/$name".*; do
    [ -e "$file" ] || continue
    [ -f "$file" ] || no "are not whole" "$file"
    [ -r "$file" ] || no "cannot be read" "$file"
  done
done
exec "$0" --version`

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

async function triesGroups({ groups, owner }: ProbeParts): Promise<Fault | null> {
  if (groups === null)
    return { at: 'groups', said: owner === null ? 'not root' : 'no writable control groups', code: 'none' }
  try {
    await groups.make('probe')
    await groups.remove('probe')
    return null
  } catch (thrown) {
    return { at: 'groups', said: String(thrown), code: 'refused' }
  }
}
