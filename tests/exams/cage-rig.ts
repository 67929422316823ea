// The local driver at any level that this machine offers, with the real box, and a client that runs commands in the box.
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { pino } from 'pino'
import { BoxToRunner, boxFrameBytes } from '../../protocol/box.ts'
import { BoxLaunch } from '../../protocol/control.ts'
import { decodeFrame, encodeStreamFrame, FrameSplitter } from '../../protocol/frames.ts'
import { Level } from '../../protocol/repl.ts'
import type { Limits } from '../../orchestrator/sandbox/local/cage.ts'
import { isolationOf, offered, usualLimits } from '../../orchestrator/sandbox/local/isolation.ts'
import { localSandbox } from '../../orchestrator/sandbox/local/start.ts'
import type { Folders, Sandbox, Session } from '../../orchestrator/sandbox/sandbox.ts'
import { eventually } from '../support/eventually.ts'
import { aReplId, Keys } from '../support/keys.ts'

const root = join(import.meta.dirname, '../..')

/** Every level that works here, weakest first; what does not is printed with the reason. */
export async function offeredLevels(): Promise<Level[]> {
  const folder = await mkdtemp(join(tmpdir(), 'dvx-'))
  try {
    const programs = join(root, 'tests/support/programs')
    const offer = await offered({ data: folder, run: folder, programs, path: '' })
    if (offer.lack !== null)
      process.stdout.write(`isolation is tested up to ${offer.best}: ${offer.lack.why}. ${offer.lack.mend}\n`)
    return Level.options.slice(0, Level.options.indexOf(offer.best) + 1)
  } finally {
    await rm(folder, { recursive: true })
  }
}

type Roots = Parameters<typeof isolationOf>[0]

/** As the driver does it when a session is released; nothing at levels without control groups. */
export async function removeGroups(roots: Roots, of: { level: Level; repl: string }): Promise<void> {
  await isolationOf(roots, of.level).groups?.remove(of.repl)
}

/** The process of this machine on which a repl's box stands. */
export async function boxOf(data: string, repl: string): Promise<number> {
  const text = await readFile(join(data, 'sandboxes', repl, 'processes.json'), 'utf8')
  return (JSON.parse(text) as { box: { pid: number } | null }).box?.pid ?? 0
}

export type Ran = { code: number | null; output: string }

/** The box as it is shipped, built once for a test file; a stand-in for the runner, which would be its only client. */
export async function boxPrograms(): Promise<{ folder: string; remove(): Promise<void> }> {
  await mkdir(join(root, 'build'), { recursive: true })
  const folder = await mkdtemp(join(root, 'build', 'test-cage-'))
  // A view reads it as somebody else.
  await chmod(folder, 0o755)
  await copyFile(join(root, 'tests/support/programs/runner.js'), join(folder, 'runner.js'))
  await build({
    entryPoints: { box: join(root, 'runner/box/main.ts') },
    outdir: folder,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** One driver with its folders; sessions are made in it. */
export class CageRig {
  readonly folder: string
  readonly keys: Keys
  readonly #programs: string
  readonly #limits: Limits
  #own: Sandbox | undefined
  readonly level: Level

  private constructor(of: { folder: string; keys: Keys; programs: string; level: Level; limits: Limits }) {
    this.#limits = of.limits
    this.folder = of.folder
    this.keys = of.keys
    this.#programs = of.programs
    this.level = of.level
  }

  static async open(level: Level, programs: string, limits: Partial<Limits> = {}): Promise<CageRig> {
    const folder = await mkdtemp(join(tmpdir(), 'dvx-'))
    const keys = await new Keys().start()
    return new CageRig({ folder, level, programs, keys, limits: { ...usualLimits(), ...limits } })
  }

  get data(): string {
    return join(this.folder, 'data')
  }

  /** A fresh driver over the same folders: what the next orchestrator would have. */
  driver(): Sandbox {
    const roots = { data: this.data, run: join(this.folder, 'run') }
    const isolation = isolationOf(
      { ...roots, programs: this.#programs, path: '/usr/bin:/bin' },
      this.level,
      this.#limits,
    )
    const log = pino({ level: process.env['TEST_LOG'] ?? 'silent' })
    const urls = { collabUrl: 'ws://127.0.0.1:1', keysUrl: this.keys.url, origins: [] }
    const surroundings = { build: 'test', lang: 'C.UTF-8', shell: '/bin/bash', ...urls }
    const pace = { lookMs: 100, diskMs: 1_000 }
    return localSandbox({ ...roots, ...isolation, surroundings, log, pace })
  }

  /** A session that runs, with an empty workspace. */
  async session(): Promise<Caged> {
    const repl = aReplId()
    const sandbox = (this.#own ??= this.driver())
    const folders = await sandbox.place(repl)
    await sandbox.staging(repl)
    await sandbox.adoptStaging(repl)
    const session = await this.sessionOf(repl)
    await sandbox.boot(session)
    const client = await BoxClient.dial(join(this.folder, 'run', repl))
    return new Caged({ rig: this, sandbox, session, folders, client })
  }

  async sessionOf(repl: string): Promise<Session> {
    const { certificate, privateKey } = await this.keys.session(repl, 1)
    const key = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
    return { repl, generation: 1, name: 'a repl', run: 'true', certificate, privateKey: key }
  }

  async close(): Promise<void> {
    await this.keys.stop()
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

export class Caged {
  readonly rig: CageRig
  readonly sandbox: Sandbox
  readonly session: Session
  readonly folders: Folders
  readonly client: BoxClient

  constructor(of: Pick<Caged, 'rig' | 'sandbox' | 'session' | 'folders' | 'client'>) {
    this.rig = of.rig
    this.sandbox = of.sandbox
    this.session = of.session
    this.folders = of.folders
    this.client = of.client
  }

  run(command: string): Promise<Ran> {
    return this.client.run(command)
  }

  box(): Promise<number> {
    return boxOf(this.rig.data, this.session.repl)
  }

  async release(): Promise<void> {
    this.client.close()
    await this.sandbox.release(this.session.repl)
  }
}

/** Speaks to a box as its runner does. */
export class BoxClient {
  readonly #socket: Socket
  readonly #splitter = new FrameSplitter(boxFrameBytes)
  readonly #messages: BoxToRunner[] = []
  readonly #output = new Map<number, Buffer[]>()
  #ask = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      for (const frame of this.#splitter.push(chunk)) this.#take(frame)
    })
  }

  /** `run`: the folder with the repl's launch files and sockets. */
  static async dial(run: string): Promise<BoxClient> {
    const { secret } = BoxLaunch.parse(JSON.parse(await readFile(join(run, 'box.json'), 'utf8')))
    return eventually(async () => {
      const client = new BoxClient(createConnection(join(run, 'b', 's')))
      client.#send({ type: 'hello', protocol: 1, build: 'test', secret })
      await eventually(() => client.#messages.some((message) => message.type === 'hello'), 1000)
      return client
    }, 20_000)
  }

  /** Runs a command in a terminal of its own, to its end. */
  async run(command: string, withinMs = 30_000): Promise<Ran> {
    const id = await this.open(command)
    const exit = await eventually(
      () => this.#messages.find((message) => message.type === 'exit' && message.terminal === id),
      withinMs,
    ).catch((fault: unknown) => {
      throw new Error(`${command} did not end: ${this.output(id).slice(-300)} (${String(fault)})`)
    })
    this.#send({ type: 'close', terminal: id })
    return { code: exit.type === 'exit' ? exit.code : null, output: this.output(id) }
  }

  /** A terminal with a login shell, or with a command in one. */
  async open(command?: string): Promise<number> {
    const ask = ++this.#ask
    this.#send({ type: 'open', ask, name: 'one', cols: 200, rows: 50, command })
    const opened = await eventually(() =>
      this.#messages.find(
        (message) => (message.type === 'opened' || message.type === 'refused') && message.ask === ask,
      ),
    )
    if (opened.type !== 'opened') throw new Error(JSON.stringify(opened))
    this.#send({ type: 'follow', terminal: opened.terminal.terminal, from: 0 })
    return opened.terminal.terminal
  }

  type(terminal: number, text: string): void {
    this.#send({ type: 'in', terminal }, Buffer.from(text))
  }

  output(terminal: number): string {
    return Buffer.concat(this.#output.get(terminal) ?? []).toString()
  }

  close(): void {
    this.#socket.destroy()
  }

  #send(header: unknown, payload?: Uint8Array): void {
    this.#socket.write(encodeStreamFrame(header, payload))
  }

  #take(frame: Uint8Array): void {
    const { header, payload } = decodeFrame(frame)
    const message = BoxToRunner.parse(header)
    if (message.type === 'out')
      this.#output.set(message.terminal, [
        ...(this.#output.get(message.terminal) ?? []),
        Buffer.from(payload),
      ])
    this.#messages.push(message)
  }
}
