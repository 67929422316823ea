// Kill points: authors type, a seeded hand kills some of the processes at a random instant and the authors always with them;
// afterwards a fresh client reads, and every line that an author was told to be logged is counted. Now and then the session
// stops and starts, so that what is read comes out of the store.
import { chown, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { roomPath } from '../../protocol/document.ts'
import type { Level } from '../../protocol/repl.ts'
import { Authors, type Author } from './authors.ts'
import { eventually } from './eventually.ts'
import { Installation, type Victim } from './installation.ts'
import type { Kind } from './kinds.ts'
import { leaveProgram, leftCommand } from './left-program.ts'
import type { DoorOf } from './live-door.ts'
import { openDocument } from './open-document.ts'
import { linesOf } from './reading.ts'
import { isStanding, type Side, sides, type Standing } from './session-parts.ts'

export type Outcome = {
  logged: number
  saved: number
  lines: number
  lost: string[]
  doubled: string[]
  /** Processes that should have gone with what died. */
  left: string[]
  /** What people should have been told. */
  untold: string[]
}

/** Everything in an outcome that may not be. */
export const faultsOf = ({ lost, doubled, left, untold }: Outcome): string[] => [
  ...lost.map((line) => `lost ${line}`),
  ...doubled.map((line) => `doubled ${line}`),
  ...left.map((command) => `left ${command}`),
  ...untold.map((words) => `not told: ${words}`),
]

/** What people are told when a side of a session dies; said once where both do. */
const words = {
  runner: /^The runner (and the programs of this session )?ended unexpectedly/,
  box: /programs of this session ended unexpectedly/,
} as const

/** Killed alone it stays away until its box is started again: lines of the box's log are lost, and nothing of a person's. */
const borne = 'box log'

/** How long an author waits between two lines on average; when the hand strikes after all have been answered once. */
const pace = { everyMs: 4, earliestMs: 20, latestMs: 500 }
/** A stop on an idle machine takes about this long: the hand strikes anywhere in it. */
const stopMs = 600
/** As a start in a cage does. */
const startMs = 1_200
/** A link stays cut for this long at most. */
const cutMs = 600
const authorsOfPoint = 3
/** Points in one file, and between two stops; a runner that dies more often in a minute waits longer and longer. */
const pointsOfChapter = 4
const patienceMs = 60_000

export class Killing {
  readonly installation: Installation
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

  constructor(random: (below: number) => number, level: Level = 'process') {
    this.#random = random
    this.installation = new Installation(null, level)
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
    const told = await this.#play(kind)
    this.#points += 1
    const isWhole = this.installation.lacks(this.#repl).length === 0
    if (this.#points < pointsOfChapter && isWhole) return told
    const turned = await this.turn()
    const faults = ['lost', 'doubled', 'left', 'untold'] as const
    return { ...told, ...Object.fromEntries(faults.map((each) => [each, [...told[each], ...turned[each]]])) }
  }

  /** Stops and starts the session: everything that was logged since the last time comes out of the store, once. */
  async turn(): Promise<Outcome> {
    const left = await this.#restart()
    const read = await this.#read({ logged: 0, saved: 0 })
    await this.#newChapter()
    return { ...read, left, untold: [] }
  }

  #play(kind: Kind): Promise<Outcome> {
    if (kind.while === 'running') return this.#whileRunning(kind)
    return kind.while === 'stopping' ? this.#whileStopping(kind) : this.#whileStarting(kind)
  }

  async #whileRunning({ victims }: Kind): Promise<Outcome> {
    const { installation } = this
    const typing = await this.#type()
    await wait(pace.earliestMs + this.#random(pace.latestMs - pace.earliestMs))
    const struck = sides.filter((side) => victims.some((name) => takesDown(name, side)))
    const old = installation.standing(this.#repl).filter(({ side }) => struck.includes(side))
    const since = installation.logged()
    await this.#strike(victims, typing)
    const read = await this.#read(this.#tally(typing))
    const untold = await remaining(() => {
      const told = installation.reasons(this.#repl, since)
      return struck.filter((side) => !told.some((reason) => words[side].test(reason)))
    })
    await installation.api.running(this.#owner, this.#repl)
    const left = await remaining(() => [
      ...old.filter(isStanding).map(({ command }) => command),
      ...installation
        .lacks(this.#repl)
        .filter((part) => !(part === borne && victims.includes(part)))
        .map((part) => `nothing but ${part}`),
    ])
    return { ...read, left, untold }
  }

  async #whileStopping({ victims }: Kind): Promise<Outcome> {
    const typing = await this.#type()
    const old = this.installation.standing(this.#repl)
    await this.installation.api.ask('POST', `/repls/${this.#repl}/stop`, { person: this.#owner })
    await wait(this.#random(stopMs))
    await this.#strike(victims, typing)
    const told = this.#tally(typing)
    const left = await this.#restart(old)
    return { ...(await this.#read(told)), left, untold: [] }
  }

  async #whileStarting({ victims }: Kind): Promise<Outcome> {
    const { installation } = this
    const typing = await this.#type()
    const left = await this.#end()
    await installation.api.ask('POST', `/repls/${this.#repl}/start`, { person: this.#owner })
    await wait(this.#random(startMs))
    await this.#strike(victims, typing)
    const told = this.#tally(typing)
    const failed = await this.#settle()
    await this.#enterAgain()
    return {
      ...(await this.#read(told)),
      left: [...left, ...failed.left],
      untold: failed.isSilent ? ['why the start failed'] : [],
    }
  }

  /** A start that was struck comes to an end by itself, or fails in words, leaves nothing, and can be asked for again. */
  async #settle(): Promise<{ left: string[]; isSilent: boolean }> {
    const { api } = this.installation
    const end = await eventually(async () => {
      const { phase, reason } = await api.repl(this.#owner, this.#repl)
      if (phase === 'START_FAILED') return { reason }
      return phase === 'RUNNING' && this.installation.lacks(this.#repl).length === 0 ? 'whole' : null
    }, patienceMs)
    if (end === 'whole') return { left: [], isSilent: false }
    const left = await remaining(() => this.installation.standing(this.#repl).map(({ command }) => command))
    await api.startRepl(this.#owner, this.#repl)
    return { left, isSilent: (end.reason ?? '') === '' }
  }

  async #restart(old?: Standing[]): Promise<string[]> {
    const left = await this.#end(old)
    await this.installation.api.startRepl(this.#owner, this.#repl)
    await this.#enterAgain()
    return left
  }

  /** Stops the session; gives the processes that outlive it. */
  async #end(old = this.installation.standing(this.#repl)): Promise<string[]> {
    await this.installation.api.stopRepl(this.#owner, this.#repl)
    const left = [...old, ...this.installation.standing(this.#repl)].filter(isStanding)
    return left.map(({ command }) => command)
  }

  async #enterAgain(): Promise<void> {
    await this.#enter()
    const room = await this.#open()
    if (room.doc !== this.#room.doc || room.epoch !== this.#room.epoch)
      throw new Error(`${this.#file} has another history after a stop and a start`)
  }

  /** With a program in the box that nothing but the end of its box ends. */
  async #type(): Promise<Author[]> {
    await this.#leaveProgram()
    const typing = this.#tokens.map((token) => this.#author(token))
    await eventually(() => typing.every(({ told }) => told().logged > 0), patienceMs)
    return typing
  }

  async #leaveProgram(): Promise<void> {
    const { installation } = this
    const isThere = (): boolean =>
      installation.standing(this.#repl).some(({ command }) => command.startsWith(leftCommand))
    if (isThere()) return
    await leaveProgram(this.#door)
    await eventually(isThere, patienceMs)
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

  /** What clients see that were never here before, and the file. */
  async #read(told: { logged: number; saved: number }): Promise<Omit<Outcome, 'left' | 'untold'>> {
    const counts = await linesOf({
      relay: this.installation.relayPort,
      room: this.#roomPath,
      token: this.#tokens[0] ?? '',
      path: this.#path,
    })
    const lost = [...this.#logged].filter((line) => !counts.has(line))
    const doubled = [...counts].flatMap(([line, count]) => (count > 1 ? [line] : []))
    return { ...told, lines: counts.size, lost, doubled }
  }

  #author(token: string): Author {
    this.#count += 1
    return this.#authors.send({
      url: `ws://127.0.0.1:${this.installation.relayPort}${this.#roomPath}`,
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
    await this.#write('begin\n')
    this.#room = await this.#open()
  }

  /** As a program of the session would, whoever its files belong to. */
  async #write(text: string): Promise<void> {
    await writeFile(this.#path, text)
    const { uid, gid } = await stat(this.installation.workspace(this.#repl))
    await chown(this.#path, uid, gid)
  }

  #open(): Promise<{ doc: string; epoch: string }> {
    return openDocument({ ...this.#door, path: this.#file })
  }

  get #door(): DoorOf {
    const [token = ''] = this.#tokens
    return { socket: this.installation.runnerSocket(this.#repl), repl: this.#repl, token }
  }

  get #roomPath(): string {
    return roomPath({ repl: this.#repl, ...this.#room })
  }

  get #owner(): string {
    return this.#people[0] ?? ''
  }

  get #path(): string {
    return join(this.installation.workspace(this.#repl), this.#file)
  }
}

/** The log's copier alone ends with nobody: all the rest of a side are one. */
function takesDown(victim: Victim, side: Side): boolean {
  return victim !== borne && victim.split(' ')[0] === side
}

/** What `look` still finds when it has had time to become nothing. */
async function remaining(look: () => string[]): Promise<string[]> {
  return eventually(() => look().length === 0, patienceMs).then(
    () => [],
    () => look(),
  )
}
