// Kill points: authors type, a seeded hand kills some of the processes at a random instant and the authors always with them;
// afterwards a fresh client reads, and every line that an author was told to be logged is counted. Now and then the session
// stops and starts, so that what is read comes out of the store.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { roomPath } from '../../protocol/document.ts'
import { Authors, type Author } from './authors.ts'
import { eventually } from './eventually.ts'
import { Installation, type Victim } from './installation.ts'
import { openDocument } from './open-document.ts'

/** Who dies; `while` a session runs, or while it is being stopped (frozen, drained, flushed, verified, released). */
export type Kind = { victims: Victim[]; while: 'running' | 'stopping' }

const single = ['relay', 'runner', 'box', 'sync', 'orchestrator'] as const
const pairs = single.flatMap((one, at) => single.slice(at + 1).map((other) => [one, other]))

/** Every process, every two of them, the link, and those that have a part in a stop. */
export const kinds: ReadonlyMap<string, Kind> = new Map([
  ...[...single.map((one) => [one]), ...pairs, ['link' as const], ['link' as const, 'runner' as const]].map(
    (victims): [string, Kind] => [victims.join(' and '), { victims, while: 'running' }],
  ),
  ...(['sync', 'orchestrator', 'runner', 'relay'] as const).map((one): [string, Kind] => [
    `${one} in a stop`,
    { victims: [one], while: 'stopping' },
  ]),
  ['sync and orchestrator in a stop', { victims: ['sync', 'orchestrator'], while: 'stopping' }],
])

export type Outcome = { logged: number; saved: number; lines: number; lost: string[]; doubled: string[] }

/** How long an author waits between two lines on average; when the hand strikes after all have been answered once. */
const pace = { everyMs: 4, earliestMs: 20, latestMs: 500 }
/** A stop on an idle machine takes about this long: the hand strikes anywhere in it. */
const stopMs = 600
/** A link stays cut for this long at most. */
const cutMs = 600
const authorsOfPoint = 3
/** Points in one file, and between two stops; a runner that dies more often in a minute waits longer and longer. */
const pointsOfChapter = 4
const patienceMs = 60_000

export class Killing {
  readonly installation = new Installation()
  readonly #authors = new Authors()
  readonly #repls: string[] = []
  #random: (below: number) => number
  #people: string[] = []
  #repl = ''
  #tokens: string[] = []
  #file = ''
  #room = { doc: '', epoch: '' }
  #logged = new Set<string>()
  #points = 0
  #count = 0

  constructor(random: (below: number) => number) {
    this.#random = random
  }

  /** A fresh installation with a repl in it. */
  async start(): Promise<void> {
    await Promise.all([this.installation.start(), this.#authors.start(authorsOfPoint)])
    await this.#begin(await this.installation.api.owner())
  }

  async stop(isKept = false): Promise<void> {
    await this.#authors.stop()
    await this.installation.stop(this.#repls, isKept)
  }

  /** Goes on in another repl, with another hand. */
  async another(random: (below: number) => number): Promise<void> {
    this.#random = random
    await this.installation.api.stopRepl(this.#owner, this.#repl)
    await this.#begin(this.#owner)
  }

  async #begin(owner: string): Promise<void> {
    this.#repl = await this.installation.api.create(owner, 'killed')
    this.#repls.push(this.#repl)
    await this.installation.api.startRepl(owner, this.#repl)
    const guests = ['grace', 'mary'].map((name) => this.installation.api.guest(this.#repl, { owner, name }))
    this.#people = [owner, ...(await Promise.all(guests))]
    await this.#enter()
    await this.#newChapter()
  }

  /** One point, and after every few of them a stop and a start. */
  async point(kind: Kind): Promise<Outcome> {
    const told = kind.while === 'running' ? await this.#whileRunning(kind) : await this.#whileStopping(kind)
    this.#points += 1
    if (this.#points < pointsOfChapter) return told
    const turned = await this.turn()
    return { ...told, lost: [...told.lost, ...turned.lost], doubled: [...told.doubled, ...turned.doubled] }
  }

  /** Stops and starts the session: everything that was logged since the last time comes out of the store, once. */
  async turn(): Promise<Outcome> {
    await this.#restart()
    const outcome = await this.#read({ logged: 0, saved: 0 })
    await this.#newChapter()
    return outcome
  }

  async #whileRunning({ victims }: Kind): Promise<Outcome> {
    const typing = await this.#type()
    await wait(pace.earliestMs + this.#random(pace.latestMs - pace.earliestMs))
    await this.#strike(victims, typing)
    const read = await this.#read(this.#tally(typing))
    await this.installation.api.running(this.#owner, this.#repl)
    return read
  }

  async #whileStopping({ victims }: Kind): Promise<Outcome> {
    const typing = await this.#type()
    await this.installation.api.ask('POST', `/repls/${this.#repl}/stop`, { person: this.#owner })
    await wait(this.#random(stopMs))
    await this.#strike(victims, typing)
    const told = this.#tally(typing)
    await this.#restart()
    return this.#read(told)
  }

  async #restart(): Promise<void> {
    await this.installation.api.stopRepl(this.#owner, this.#repl)
    await this.installation.api.startRepl(this.#owner, this.#repl)
    await this.#enter()
    const room = await this.#open()
    if (room.doc !== this.#room.doc || room.epoch !== this.#room.epoch)
      throw new Error(`${this.#file} has another history after a stop and a start`)
  }

  async #type(): Promise<Author[]> {
    const typing = this.#tokens.map((token) => this.#author(token))
    await eventually(() => typing.every(({ told }) => told().logged > 0), patienceMs)
    return typing
  }

  async #strike(victims: Victim[], typing: Author[]): Promise<void> {
    const others = typing.map(({ child }) => child)
    await this.installation.kill(victims, { repl: this.#repl, others, cutMs: this.#random(cutMs) })
    await this.installation.revive()
    this.#authors.prepare(authorsOfPoint)
  }

  /** Their last words, all of which reached us though they are dead. */
  #tally(typing: Author[]): { logged: number; saved: number } {
    const sum = { logged: 0, saved: 0 }
    for (const { name, told } of typing) {
      const { logged, saved } = told()
      sum.logged += logged
      sum.saved += saved
      for (let line = 1; line <= logged; line += 1) this.#logged.add(`${name}-${line}`)
    }
    return sum
  }

  /** What clients see that were never here before: two of them and the file must come to the same. */
  async #read(told: { logged: number; saved: number }): Promise<Outcome> {
    const clients = await Promise.all([this.#client(), this.#client()])
    const texts = async (): Promise<string[]> => [
      await readFile(this.#path, 'utf8'),
      ...clients.map(({ text }) => text.toString()),
    ]
    try {
      await eventually(async () => {
        const all = await texts()
        return all[0] !== '' && new Set(all).size === 1
      }, patienceMs)
      const counts = new Map<string, number>()
      for (const line of clients[0].text.toString().split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1)
      const lost = [...this.#logged].filter((line) => !counts.has(line))
      const doubled = [...counts].flatMap(([line, count]) => (count > 1 ? [line] : []))
      return { ...told, lines: counts.size, lost, doubled }
    } catch (fault) {
      const all = await texts()
      throw new Error(
        `not equal: ${all.map((text) => text.length).join(', ')} characters (disk, two clients)`,
        {
          cause: fault,
        },
      )
    } finally {
      for (const { leave } of clients) leave()
    }
  }

  async #client(): Promise<{ text: Y.Text; leave: () => void }> {
    const doc = new Y.Doc()
    const provider = new WebsocketProvider(
      `ws://127.0.0.1:${this.installation.relayPort}/collab`,
      roomPath({ repl: this.#repl, ...this.#room }).slice('/collab/'.length),
      doc,
      {
        WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
        protocols: [`bearer.${this.#tokens[0]}`],
        disableBc: true,
        maxBackoffTime: 200,
      },
    )
    // The provider leaves its presence's clock running; the document's end stops it.
    const leave = (): void => (provider.destroy(), doc.destroy())
    await eventually(() => provider.synced, patienceMs).catch((fault: unknown) => {
      leave()
      throw fault
    })
    return { text: doc.getText('content'), leave }
  }

  #author(token: string): Author {
    this.#count += 1
    return this.#authors.send({
      url: `ws://127.0.0.1:${this.installation.relayPort}${roomPath({ repl: this.#repl, ...this.#room })}`,
      token,
      name: `author${this.#count}`,
      seed: this.#random(1_000_000),
      everyMs: pace.everyMs,
    })
  }

  /** Tokens are good for one session. */
  async #enter(): Promise<void> {
    const doors = await Promise.all(
      this.#people.map((person) => this.installation.api.doors(person, this.#repl)),
    )
    this.#tokens = doors.map(({ token }) => token)
  }

  async #newChapter(): Promise<void> {
    this.#count += 1
    this.#file = `chapter-${this.#count}.txt`
    this.#points = 0
    this.#logged = new Set()
    await writeFile(this.#path, 'begin\n')
    this.#room = await this.#open()
  }

  #open(): Promise<{ doc: string; epoch: string }> {
    const [token = ''] = this.#tokens
    return openDocument({
      socket: this.installation.runnerSocket(this.#repl),
      repl: this.#repl,
      token,
      path: this.#file,
    })
  }

  get #owner(): string {
    return this.#people[0] ?? ''
  }

  get #path(): string {
    return join(this.installation.workspace(this.#repl), this.#file)
  }
}
