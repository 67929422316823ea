// A model of a whole session under seeded hands: people type, tools write, runner, relay and link come and go. A plan is
// plain data, so that one that failed can be kept and run again. Everything typed is a line of its own, and counted.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { io } from 'socket.io-client'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { startCollabServer, type CollabServer } from '../../collab-server/start.ts'
import type { RunnerLaunch } from '../../protocol/control.ts'
import { startRunner, type Runner } from '../../runner/start.ts'
import { eventually } from './eventually.ts'
import { aPersonId, aReplId, Keys } from './keys.ts'

export type Step =
  | { do: 'type'; who: number; at: number; lines: number }
  | { do: 'tool'; how: 'append' | 'prepend' | 'in place' | 'rename' | 'truncate'; at: number }
  | { do: 'move' }
  | { do: 'runner' }
  | { do: 'relay' }
  | { do: 'cut' }
  | { do: 'wait'; ms: number }
export type Plan = { seed: number; steps: Step[] }

const people = 3
const hows = ['append', 'prepend', 'in place', 'rename', 'truncate'] as const

export function planOf(seed: number, length: number, random: (below: number) => number): Plan {
  const step = (): Step => {
    const what = random(100)
    if (what < 62) return { do: 'type', who: random(people), at: random(1000), lines: 1 + random(8) }
    if (what < 76) return { do: 'tool', how: hows[random(hows.length)] ?? 'append', at: random(1000) }
    if (what < 96) return { do: 'wait', ms: random(120) }
    return { do: (['move', 'runner', 'relay', 'cut'] as const)[random(4)] ?? 'cut' }
  }
  return { seed, steps: Array.from({ length }, step) }
}

type Person = { doc: Y.Doc; text: Y.Text; provider: WebsocketProvider }

export class Model {
  readonly #keys = new Keys()
  readonly #people: Person[] = []
  readonly #cables = new Set<Socket>()
  readonly #between = createServer((socket) => this.#cable(socket))
  readonly #lines: string[] = []
  #relay: CollabServer | null = null
  #relayPort = 0
  #runner: Runner | null = null
  #launch: RunnerLaunch | null = null
  #base = ''
  #path = 'a.txt'
  #count = 0

  async start(): Promise<void> {
    await this.#keys.start()
    await new Promise<void>((listening) => this.#between.listen(0, '127.0.0.1', listening))
    this.#base = await realpath(await mkdtemp(join(tmpdir(), 'devex-model-')))
    for (const folder of ['workspace', 'state', 'run']) await mkdir(join(this.#base, folder))
    await writeFile(this.#file, 'begin\n')
    this.#lines.push('begin')
    await this.#startRelay()
    this.#launch = await this.#launchOf(aReplId())
    this.#runner = await startRunner(this.#launch)
    const room = await this.#open()
    for (let who = 0; who < people; who += 1) this.#people.push(await this.#person(room))
  }

  async stop(): Promise<void> {
    for (const { provider } of this.#people) provider.destroy()
    await this.#runner?.close()
    await this.#relay?.close()
    for (const cable of this.#cables) cable.destroy()
    await new Promise((done) => this.#between.close(done))
    await this.#keys.stop()
    await rm(this.#base, { recursive: true, force: true, maxRetries: 3 })
  }

  async run(step: Step): Promise<void> {
    if (step.do === 'type') this.#type(step)
    else if (step.do === 'tool') this.#tool(step)
    else if (step.do === 'move') await this.#move()
    else if (step.do === 'runner') await this.#restartRunner()
    else if (step.do === 'relay') await this.#restartRelay()
    else if (step.do === 'cut') for (const cable of this.#cables) cable.destroy()
    else await new Promise((resume) => setTimeout(resume, step.ms))
  }

  /** Waits until everybody and the file are equal; throws when a line is missing, doubled or unknown. */
  async judge(): Promise<{ lines: number }> {
    const texts = (): string[] => this.#people.map(({ text }) => text.toString())
    const isWhole = (): boolean => (texts()[0]?.split('\n').length ?? 0) > this.#lines.length
    await eventually(() => this.#isQuiet() && isWhole(), 15_000).catch(() => undefined)
    const counts = new Map<string, number>()
    for (const line of (texts()[0] ?? '').split('\n').filter((one) => one !== ''))
      counts.set(line, (counts.get(line) ?? 0) + 1)
    const lost = this.#lines.filter((line) => !counts.has(line))
    const doubled = [...counts].filter(([, count]) => count > 1).map(([line]) => line)
    const known = new Set(this.#lines)
    const strange = [...counts.keys()].filter((line) => !known.has(line))
    if (lost.length + doubled.length + strange.length > 0 || !this.#isQuiet())
      throw new Error(JSON.stringify({ lost, doubled, strange, equal: this.#isQuiet() }))
    return { lines: this.#lines.length }
  }

  #type({ who, at, lines }: { who: number; at: number; lines: number }): void {
    const person = this.#people[who]
    if (!person) return
    const words = Array.from({ length: lines }, () => this.#line(`person ${who}`))
    const text = person.text.toString()
    const from = text.indexOf('\n', Math.floor((text.length * at) / 1000))
    person.text.insert(from + 1, words.map((word) => `${word}\n`).join(''))
  }

  /** Reads and writes in one turn: nothing of ours can come between, so a tool loses nobody's line. */
  #tool({ how, at }: { how: (typeof hows)[number]; at: number }): void {
    const line = this.#line('tool')
    const lines = readFileSync(this.#file, 'utf8').split('\n')
    const place =
      how === 'append'
        ? lines.length - 1
        : how === 'prepend'
          ? 0
          : Math.floor(((lines.length - 1) * at) / 1000)
    lines.splice(place, 0, line)
    if (how === 'truncate') writeFileSync(this.#file, '')
    if (how !== 'rename')
      return writeFileSync(this.#file, lines.join('\n'), { flag: how === 'in place' ? 'r+' : 'w' })
    writeFileSync(`${this.#file}.new`, lines.join('\n'))
    renameSync(`${this.#file}.new`, this.#file)
  }

  #line(by: string): string {
    this.#count += 1
    const line = `${by} line ${this.#count}`
    this.#lines.push(line)
    return line
  }

  /**
   * Only what the runner has seen can be known again under another name: it has seen everything when all are equal, and it
   * has followed when what is typed arrives there.
   */
  async #move(): Promise<void> {
    await eventually(() => this.#isQuiet(), 15_000)
    const before = this.#file
    this.#path = `moved${(this.#count += 1)}.txt`
    renameSync(before, this.#file)
    this.#type({ who: 0, at: 500, lines: 1 })
    await eventually(() => this.#isQuiet(), 15_000)
  }

  /** True when every person and the file have the same text. */
  #isQuiet(): boolean {
    const file = readFileSync(this.#file, 'utf8')
    return this.#people.every(({ text }) => text.toString() === file)
  }

  async #restartRunner(): Promise<void> {
    if (!this.#launch) return
    await this.#runner?.close()
    this.#runner = await startRunner(this.#launch)
  }

  async #restartRelay(): Promise<void> {
    await this.#relay?.close()
    for (const cable of this.#cables) cable.destroy()
    await this.#startRelay()
  }

  async #startRelay(): Promise<void> {
    this.#relay = await startCollabServer({
      build: 'test',
      port: this.#relayPort,
      keysUrl: this.#keys.url,
      access: this.#keys.access,
      origins: new Set(),
      logLevel: 'silent',
    })
    this.#relayPort = this.#relay.port
  }

  #cable(socket: Socket): void {
    const inside = connect(this.#relayPort, '127.0.0.1')
    for (const end of [socket, inside]) {
      this.#cables.add(end)
      end.on('error', () => undefined).on('close', () => this.#cables.delete(end))
    }
    socket.pipe(inside).pipe(socket)
    socket.on('close', () => inside.destroy())
    inside.on('close', () => socket.destroy())
  }

  async #person(room: { doc: string; epoch: string }): Promise<Person> {
    const doc = new Y.Doc()
    const repl = this.#launch?.repl ?? ''
    const token = await this.#keys.token({ repl, who: { id: aPersonId(), name: 'ada' } })
    const { port } = this.#between.address() as AddressInfo
    const provider = new WebsocketProvider(
      `ws://127.0.0.1:${port}/collab`,
      `${repl}/${room.doc}/${room.epoch}`,
      doc,
      {
        WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
        protocols: [`bearer.${token}`],
        disableBc: true,
        maxBackoffTime: 300,
      },
    )
    await eventually(() => provider.synced)
    return { doc, text: doc.getText('content'), provider }
  }

  async #open(): Promise<{ doc: string; epoch: string }> {
    const { socket, repl } = this.#launch ?? { socket: '', repl: '' }
    const front = createServer((outside) => {
      const inside = connect(socket)
      for (const end of [outside, inside]) end.on('error', () => outside.destroy())
      outside.pipe(inside).pipe(outside)
    })
    await new Promise<void>((listening) => front.listen(0, '127.0.0.1', listening))
    const page = io(`http://127.0.0.1:${(front.address() as AddressInfo).port}/tree`, {
      path: `/r/${repl}/live`,
      transports: ['websocket'],
      auth: { token: await this.#keys.token({ repl }) },
    })
    await eventually(() => page.connected)
    const answer: { opened: { doc: string; epoch: string } } = await page.emitWithAck('open', {
      path: this.#path,
    })
    page.disconnect()
    front.close()
    return answer.opened
  }

  async #launchOf(repl: string): Promise<RunnerLaunch> {
    const session = await this.#keys.session(repl, 1)
    return {
      protocol: 1,
      build: 'test',
      repl,
      generation: 1,
      name: 'A repl',
      level: 'process',
      workspace: join(this.#base, 'workspace'),
      state: join(this.#base, 'state'),
      socket: join(this.#base, 'run', 'runner.sock'),
      boxSocket: join(this.#base, 'run', 'box.sock'),
      boxSecret: '00'.repeat(32),
      collabUrl: `ws://127.0.0.1:${(this.#between.address() as AddressInfo).port}`,
      keysUrl: this.#keys.url,
      certificate: session.certificate,
      privateKey: session.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
      run: 'true',
      origins: [],
    }
  }

  get #file(): string {
    return join(this.#base, 'workspace', this.#path)
  }
}
