// An installation as `up` makes one (orchestrator, relay, sync; it starts runners and boxes itself), held by a test that kills any
// of them at any instant and starts ours again at once: how long `up` waits before that is tested elsewhere.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Listening, RouteTable } from '../../protocol/env.ts'
import type { Level } from '../../protocol/repl.ts'
import { z } from 'zod'
import { buildMissing, root } from '../../scripts/build.mjs'
import { removeGroups } from '../exams/cage-rig.ts'
import { Api } from './api.ts'
import { eventually } from './eventually.ts'
import { isAlive } from './processes.ts'
import { around, isStanding, partsOf, type Part, sides, standing, type Standing } from './session-parts.ts'

export const servers = ['relay', 'sync', 'orchestrator'] as const
export type Server = (typeof servers)[number]
export type Victim = Server | Part | 'link'

const fileOf = { relay: 'collab-server', sync: 'sync', orchestrator: 'orchestrator' } as const
const Told = z.object({ repl: z.string(), phase: z.string(), reason: z.string() })
const programs = join(root, 'build/programs')

/** Milliseconds after which a program that does not come is a failure. */
const patienceMs = 60_000

export class Installation {
  readonly #running = new Map<Server, ChildProcess>()
  readonly #ports: Record<Server, number> = { relay: 0, sync: 0, orchestrator: 0 }
  readonly #secret = randomBytes(24).toString('hex')
  readonly api = new Api({ url: () => `http://127.0.0.1:${this.#ports.orchestrator}`, secret: this.#secret })
  readonly #cables = new Set<Socket>()
  /** Between runners and the relay, so that the link can be cut. */
  readonly #between = createServer((socket) => this.#cable(socket))
  /** The logs' file for all, where a test wants to choose it. */
  readonly #log: string | null
  /** What sessions are kept in. */
  readonly level: Level
  #base = ''
  #cutUntil = 0
  #isEnding = false

  constructor(log: string | null = null, level: Level = 'process') {
    this.#log = log
    this.level = level
  }

  get relayPort(): number {
    return this.#ports.relay
  }

  /** Folder with everything, the logs too. */
  get base(): string {
    return this.#base
  }

  async start(): Promise<void> {
    await buildMissing({ pages: false })
    this.#base = await realpath(await mkdtemp(join(tmpdir(), 'devex-kill-')))
    for (const folder of ['data', 'run', 'logs']) await mkdir(join(this.#base, folder), { mode: 0o700 })
    await new Promise<void>((listening) => this.#between.listen(0, '127.0.0.1', listening))
    for (const server of ['sync', 'orchestrator', 'relay'] as const) await this.#launch(server)
  }

  /** Ends every process; `isKept` leaves the folder for whoever looks for the fault. */
  async stop(repls: string[], isKept = false): Promise<void> {
    this.#isEnding = true
    for (const child of this.#running.values()) child.kill('SIGKILL')
    await Promise.all([...this.#running.values()].map(gone))
    for (const repl of repls) await this.#endSession(repl)
    for (const cable of this.#cables) cable.destroy()
    await new Promise((done) => this.#between.close(done))
    if (!isKept) await rm(this.#base, { recursive: true, force: true, maxRetries: 5 })
  }

  async #endSession(repl: string): Promise<void> {
    await eventually(() => {
      const left = this.standing(repl)
      for (const { pid } of left) kill(pid)
      return left.length === 0
    }, patienceMs)
    const [data, run] = [join(this.#base, 'data'), join(this.#base, 'run')]
    await removeGroups({ data, run, programs, path: '' }, { level: this.level, repl })
  }

  /** Everything named, and `others`, in one instant; resolves when they are gone. */
  async kill(victims: Victim[], at: { repl: string; others: ChildProcess[]; cutMs: number }): Promise<void> {
    const dying = servers.flatMap((server) =>
      victims.includes(server) ? (this.#running.get(server) ?? []) : [],
    )
    const parts = partsOf(this.#processes(at.repl))
    const pids = victims.flatMap((name) => (isPart(name) ? (parts.get(name) ?? []) : []))
    for (const child of [...dying, ...at.others]) child.kill('SIGKILL')
    for (const pid of pids) kill(pid)
    if (victims.includes('link')) this.#cut(at.cutMs)
    await Promise.all([...dying, ...at.others].map(gone))
    await eventually(() => pids.every((pid) => !isAlive(pid)), patienceMs)
  }

  /** Starts the dead among our own servers again. */
  async revive(): Promise<void> {
    await Promise.all(
      servers.map((server) => (hasEnded(this.#running.get(server)) ? this.#launch(server) : undefined)),
    )
  }

  /** Everything that runs for a session at this moment. */
  standing(repl: string): Standing[] {
    return standing(this.#processes(repl), repl).filter(isStanding)
  }

  /** What a session at this level stands on and that is not there; nothing when it is whole. */
  lacks(repl: string): string[] {
    const found = partsOf(this.#processes(repl))
    const wanted: Part[] = this.level === 'process' ? [...sides] : [...sides, ...around]
    const lacking: string[] = wanted.filter((part) => !found.has(part))
    return this.level.startsWith('bwrap+net') && !hasWayOut(found.get('box'))
      ? [...lacking, 'network']
      : lacking
  }

  /** Bytes that the orchestrator has logged so far. */
  logged(): number {
    return statSync(this.#orchestratorLog, { throwIfNoEntry: false })?.size ?? 0
  }

  /** The reasons that people were shown at this session since then. */
  reasons(repl: string, since: number): string[] {
    const text = readFileSync(this.#orchestratorLog).subarray(since).toString()
    return text.split('\n').flatMap((line) => {
      const told = line.startsWith('{') && line.endsWith('}') ? Told.safeParse(JSON.parse(line)) : null
      return told?.success === true && told.data.repl === repl ? [told.data.reason] : []
    })
  }

  get #orchestratorLog(): string {
    return this.#log ?? join(this.#base, 'logs', 'orchestrator.log')
  }

  #processes(repl: string): string {
    return join(this.#base, 'data/sandboxes', repl, 'processes.json')
  }

  workspace(repl: string): string {
    return join(this.#base, 'data/sandboxes', repl, 'work/workspace')
  }

  runnerSocket(repl: string): string {
    const { runners } = RouteTable.parse(
      JSON.parse(readFileSync(join(this.#base, 'run/routes.json'), 'utf8')),
    )
    return runners[repl]?.socket ?? ''
  }

  async #launch(server: Server): Promise<void> {
    // The port may be somebody's outgoing one for a moment: it is asked for again, as `up` does.
    await eventually(() => this.#launchOnce(server), patienceMs)
  }

  async #launchOnce(server: Server): Promise<boolean> {
    const log = openSync(this.#log ?? join(this.#base, 'logs', `${server}.log`), 'a', 0o600)
    const child = spawn(process.execPath, [join(programs, `${fileOf[server]}.js`)], {
      stdio: ['ignore', log, log, 'ipc'],
      env: { PATH: process.env['PATH'], DEVEX_LOG: 'info', ...this.#env(server) },
    })
    closeSync(log)
    this.#running.set(server, child)
    const said = await Promise.race([once(child, 'message'), gone(child)])
    if (said === undefined) return this.#isEnding
    this.#ports[server] = Listening.parse(said[0]).listening
    return true
  }

  #env(server: Server): Record<string, string> {
    const at = (port: number): string => `http://127.0.0.1:${port}`
    const own = { DEVEX_PORT: String(this.#ports[server]) }
    const asked = { DEVEX_ORIGINS: 'http://localhost', DEVEX_API_URL: at(this.#ports.orchestrator) }
    if (server === 'sync') return { ...own, DEVEX_SYNC_SECRET: this.#secret }
    if (server === 'relay') return { ...own, ...asked, DEVEX_RELAY_SECRET: this.#secret }
    return {
      ...own,
      DEVEX_DATA: join(this.#base, 'data'),
      DEVEX_RUN: join(this.#base, 'run'),
      DEVEX_SERVICE_SECRET: this.#secret,
      DEVEX_RELAY_SECRET: this.#secret,
      DEVEX_ISOLATION: this.level,
      DEVEX_SYNC_URL: at(this.#ports.sync),
      DEVEX_SYNC_SECRET: this.#secret,
      DEVEX_COLLAB_URL: `ws://127.0.0.1:${(this.#between.address() as AddressInfo).port}`,
      DEVEX_PUBLIC_URL: 'http://localhost',
      DEVEX_ORIGINS: asked.DEVEX_ORIGINS,
      DEVEX_ROUTES: join(this.#base, 'run/routes.json'),
      DEVEX_TEMPLATES: join(root, 'templates'),
      DEVEX_PROGRAMS: programs,
    }
  }

  #cable(socket: Socket): void {
    if (Date.now() < this.#cutUntil) return void socket.destroy()
    const inside = connect(this.#ports.relay, '127.0.0.1')
    for (const end of [socket, inside]) {
      this.#cables.add(end)
      end.on('error', () => undefined).on('close', () => this.#cables.delete(end))
    }
    socket.pipe(inside).pipe(socket)
    socket.on('close', () => inside.destroy())
    inside.on('close', () => socket.destroy())
  }

  #cut(ms: number): void {
    this.#cutUntil = Date.now() + ms
    for (const cable of this.#cables) cable.destroy()
  }
}

/** True when its network has a default route; the table is the one that the process itself would see. */
function hasWayOut(pid: number | undefined): boolean {
  try {
    return /^\S+\t00000000\t/m.test(readFileSync(`/proc/${pid}/net/route`, 'utf8'))
  } catch {
    return false
  }
}

const isPart = (name: Victim): name is Part => name !== 'link' && !servers.some((server) => server === name)

const hasEnded = (child: ChildProcess | undefined): boolean =>
  child === undefined || child.exitCode !== null || child.signalCode !== null

export async function gone(child: ChildProcess): Promise<undefined> {
  if (!hasEnded(child)) await once(child, 'exit')
  if (child.stdout && !child.stdout.readableEnded) await once(child.stdout, 'close')
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
