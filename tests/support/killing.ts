// A whole session as real processes (relay, runner, box, authors) of which a seeded hand kills some at a random instant, the
// authors always with them; afterwards a fresh client reads, and every line that an author was told to be logged is counted.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { io } from 'socket.io-client'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import type { BoxLaunch, RunnerLaunch } from '../../protocol/control.ts'
import { roomPath } from '../../protocol/document.ts'
import { eventually } from './eventually.ts'
import { aPersonId, aReplId, Keys } from './keys.ts'
import { bundle } from './programs.ts'

export type Victim = 'relay' | 'runner' | 'box' | 'link'
export const kinds: Record<string, Victim[]> = {
  relay: ['relay'],
  runner: ['runner'],
  both: ['relay', 'runner'],
  box: ['box'],
  'box and runner': ['box', 'runner'],
  link: ['link'],
  'link and runner': ['link', 'runner'],
}

export type Outcome = { logged: number; saved: number; typed: number; lost: string[]; doubled: string[] }

/** How long an author waits between two lines at most, in milliseconds; and when the hand strikes after the first answer. */
const pace = { everyMs: 4, earliestMs: 20, latestMs: 500 }

export class Killing {
  readonly #keys = new Keys()
  readonly #programs = new Map<string, { path: string; remove(): Promise<void> }>()
  readonly #running = new Map<string, ChildProcess>()
  readonly #cables = new Set<Socket>()
  readonly #between = createServer((socket) => this.#cable(socket))
  readonly #random: (below: number) => number
  readonly #logged = new Set<string>()
  #base = ''
  #relayPort = 0
  #cutUntil = 0
  #authors = 0
  #room = { repl: '', doc: '', epoch: '' }

  constructor(random: (below: number) => number) {
    this.#random = random
  }

  async start(): Promise<void> {
    await this.#keys.start()
    for (const [name, source] of Object.entries({
      relay: 'collab-server/main.ts',
      runner: 'runner/main.ts',
      box: 'runner/box/main.ts',
      author: 'tests/support/author.ts',
    }))
      this.#programs.set(name, await bundle(source))
    this.#base = await realpath(await mkdtemp(join(tmpdir(), 'devex-kill-')))
    for (const folder of ['workspace', 'state', 'run', 'home']) await mkdir(join(this.#base, folder))
    await writeFile(this.#file, 'begin\n')
    this.#room.repl = aReplId()
    await new Promise<void>((listening) => this.#between.listen(0, '127.0.0.1', listening))
    await this.#writeLaunches()
    for (const name of ['relay', 'box', 'runner']) await this.#launch(name)
    this.#room = { ...this.#room, ...(await this.#open()) }
  }

  /** Opens the file as a page does, so that it is a document. */
  async #open(): Promise<{ doc: string; epoch: string }> {
    const front = createServer((socket) => {
      const inside = connect(this.#at('run/runner.sock'))
      for (const end of [socket, inside]) end.on('error', () => socket.destroy())
      socket.pipe(inside).pipe(socket)
    })
    await new Promise<void>((listening) => front.listen(0, '127.0.0.1', listening))
    const token = await this.#keys.token({ repl: this.#room.repl })
    const page = io(`http://127.0.0.1:${(front.address() as AddressInfo).port}/tree`, {
      path: `/r/${this.#room.repl}/live`,
      transports: ['websocket'],
      auth: { token },
    })
    await eventually(() => page.connected, 20_000)
    const answer: { opened: { doc: string; epoch: string } } = await page.emitWithAck('open', {
      path: 'a.txt',
    })
    page.disconnect()
    front.close()
    return { doc: answer.opened.doc, epoch: answer.opened.epoch }
  }

  async stop(): Promise<void> {
    for (const child of this.#running.values()) await killed(child)
    for (const cable of this.#cables) cable.destroy()
    await new Promise((done) => this.#between.close(done))
    await this.#keys.stop()
    for (const { remove } of this.#programs.values()) await remove()
    await rm(this.#base, { recursive: true, force: true, maxRetries: 3 })
  }

  /** One point: authors type, everything named dies in one instant with them, the dead come back, a fresh client reads. */
  async point(victims: Victim[], authors = 3): Promise<Outcome> {
    const typing = await Promise.all(Array.from({ length: authors }, () => this.#author()))
    await eventually(() => typing.every(({ told }) => told().logged > 0), 20_000)
    const { earliestMs, latestMs } = pace
    await new Promise((resume) => setTimeout(resume, earliestMs + this.#random(latestMs - earliestMs)))
    const dying = victims.flatMap((victim) => this.#running.get(victim) ?? [])
    for (const child of [...dying, ...typing.map(({ child }) => child)]) child.kill('SIGKILL')
    if (victims.includes('link')) this.#cut()
    await Promise.all([...dying, ...typing.map(({ child }) => child)].map(gone))
    for (const victim of ['relay', 'box', 'runner'] as const)
      if (victims.includes(victim)) await this.#launch(victim)
    const outcome = { logged: 0, saved: 0, typed: 0, lost: [], doubled: [] }
    for (const { name, told } of typing) {
      const { logged, saved } = told()
      outcome.logged += logged
      outcome.saved += saved
      for (let line = 1; line <= logged; line += 1) this.#logged.add(`${name}-${line}`)
    }
    return this.#read(outcome)
  }

  /** What a client sees that was never here before; the file and a second client must come to the same. */
  async #read(outcome: Outcome): Promise<Outcome> {
    const [one, two] = [await this.#client(), await this.#client()]
    try {
      const same = async (): Promise<boolean> => {
        const text = one.text.toString()
        return text !== '' && text === two.text.toString() && text === (await readFile(this.#file, 'utf8'))
      }
      await eventually(same, 20_000)
      const counts = new Map<string, number>()
      for (const line of one.text.toString().split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1)
      const lost = [...this.#logged].filter((line) => !counts.has(line))
      const doubled = [...counts].flatMap(([line, count]) => (count > 1 ? [line] : []))
      return { ...outcome, typed: counts.size, lost, doubled }
    } finally {
      for (const { provider } of [one, two]) provider.destroy()
    }
  }

  async #client(): Promise<{ text: Y.Text; provider: WebsocketProvider }> {
    const doc = new Y.Doc()
    const token = await this.#keys.token({ repl: this.#room.repl })
    const path = roomPath(this.#room).slice('/collab/'.length)
    const provider = new WebsocketProvider(`ws://127.0.0.1:${this.#relayPort}/collab`, path, doc, {
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      protocols: [`bearer.${token}`],
      disableBc: true,
    })
    await eventually(() => provider.synced, 20_000)
    return { text: doc.getText('content'), provider }
  }

  async #author() {
    this.#authors += 1
    const name = `author${this.#authors}`
    const orders = {
      url: `ws://127.0.0.1:${this.#relayPort}${roomPath(this.#room)}`,
      token: await this.#keys.token({ repl: this.#room.repl, who: { id: aPersonId(), name } }),
      name,
      seed: this.#random(1_000_000),
      everyMs: pace.everyMs,
    }
    const child = spawn(process.execPath, [this.#program('author'), JSON.stringify(orders)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (part: Buffer) => (said += part.toString()))
    const last = (what: string): number =>
      Number(said.match(new RegExp(`${what} (\\d+)\\n(?![^]*${what})`))?.[1] ?? 0)
    return { name, child, told: () => ({ logged: last('logged'), saved: last('saved') }) }
  }

  #cable(socket: Socket): void {
    if (Date.now() < this.#cutUntil) return void socket.destroy()
    const inside = connect(this.#relayPort, '127.0.0.1')
    for (const end of [socket, inside]) {
      this.#cables.add(end)
      end.on('error', () => undefined).on('close', () => this.#cables.delete(end))
    }
    socket.pipe(inside).pipe(socket)
    socket.on('close', () => inside.destroy())
    inside.on('close', () => socket.destroy())
  }

  #cut(): void {
    this.#cutUntil = Date.now() + this.#random(600)
    for (const cable of this.#cables) cable.destroy()
  }

  async #launch(name: string): Promise<void> {
    const isRelay = name === 'relay'
    const child = spawn(
      process.execPath,
      [this.#program(name), ...(isRelay ? [] : [this.#at(`${name}.json`)])],
      {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        env: { PATH: process.env['PATH'], DEVEX_LOG: 'silent', ...(isRelay ? this.#relayEnv() : {}) },
      },
    )
    this.#running.set(name, child)
    if (!isRelay) return
    const [{ listening }] = (await once(child, 'message')) as [{ listening: number }]
    this.#relayPort = listening
  }

  #relayEnv(): Record<string, string> {
    return {
      DEVEX_PORT: String(this.#relayPort),
      DEVEX_API_URL: this.#keys.url,
      DEVEX_ORIGINS: 'http://localhost',
    }
  }

  async #writeLaunches(): Promise<void> {
    const session = await this.#keys.session(this.#room.repl, 1)
    const common = { protocol: 1, build: 'test', repl: this.#room.repl, workspace: this.#at('workspace') }
    const box: BoxLaunch = {
      ...common,
      socket: this.#at('run/box.sock'),
      secret: '00'.repeat(32),
      home: this.#at('home'),
      env: { PATH: process.env['PATH'] ?? '' },
    }
    const runner: RunnerLaunch = {
      ...common,
      generation: 1,
      name: 'A repl',
      level: 'process',
      state: this.#at('state'),
      socket: this.#at('run/runner.sock'),
      boxSocket: box.socket,
      boxSecret: box.secret,
      collabUrl: `ws://127.0.0.1:${(this.#between.address() as AddressInfo).port}`,
      keysUrl: this.#keys.url,
      certificate: session.certificate,
      privateKey: session.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
      run: 'true',
      origins: [],
    }
    for (const [name, launch] of Object.entries({ box, runner }))
      await writeFile(this.#at(`${name}.json`), JSON.stringify(launch), { mode: 0o600 })
  }

  #program(name: string): string {
    const program = this.#programs.get(name)
    if (!program) throw new Error(`${name} was not built`)
    return program.path
  }

  #at(path: string): string {
    return join(this.#base, path)
  }

  get #file(): string {
    return this.#at('workspace/a.txt')
  }
}

async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  if (child.stdout && !child.stdout.readableEnded) await once(child.stdout, 'close')
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await gone(child)
}
