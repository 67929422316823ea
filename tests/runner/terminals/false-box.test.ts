// A person's program in the place of the box, on its own socket: whatever it says costs the runner, a process of its own here,
// bounded memory; what no box says ends the link in words.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { pino } from 'pino'
import type { Socket as Page } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { RunnerToBox, type BoxTerminal } from '../../../protocol/box.ts'
import { concat, decodeFrame, encodeStreamFrame, FrameSplitter } from '../../../protocol/frames.ts'
import { limits } from '../../../protocol/limits.ts'
import { BoxLink } from '../../../runner/terminals/box-link.ts'
import { Pace } from '../../../runner/terminals/pace.ts'
import { Tape } from '../../../runner/terminals/tape.ts'
import { inside } from '../../support/live-door.ts'
import { bundle } from '../../support/programs.ts'
import { newSetting } from '../documents/running.ts'
import { boxLaunch, eventually, Stage, tempFolder } from './stage.ts'

const MiB = 1024 * 1024
const patientMs = 30_000
const shell = (id: number, more: Partial<BoxTerminal> = {}) => ({
  terminal: id,
  name: `Terminal ${id}`,
  cols: 80,
  rows: 24,
  pid: 100 + id,
  first: 0,
  next: 0,
  exit: null,
  ...more,
})
const shells = (count: number, more: Partial<BoxTerminal> = {}) =>
  Array.from({ length: count }, (_, index) => shell(index + 1, more))
const hello = (terminals: unknown, box = 'one') =>
  encodeStreamFrame({ type: 'hello', protocol: 1, build: 'test', beats: true, box, terminals })
const out = (terminal: number, offset: number, bytes: Uint8Array) =>
  encodeStreamFrame({ type: 'out', terminal, offset }, bytes)

/** Answers each hello with what `hellos` gives, the last for ever. */
class FalseBox {
  readonly #server = createServer((socket) => this.#meet(socket))
  readonly #hellos: Uint8Array[]
  /** What the runner asked of it, and how often it came. */
  readonly asked: RunnerToBox[] = []
  came = 0
  socket: Socket | null = null

  constructor(...hellos: Uint8Array[]) {
    this.#hellos = hellos
  }

  async listen(path: string): Promise<this> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    this.#server.listen(path)
    await once(this.#server, 'listening')
    onTestFinished(() => this.close())
    return this
  }

  /** Resolves when the runner has taken it in, or hung up. */
  async say(frame: Uint8Array): Promise<void> {
    const { socket } = this
    if (socket === null || socket.destroyed || socket.write(frame)) return
    await new Promise<void>((free) => {
      const go = (): void => {
        socket.off('drain', go).off('close', go)
        free()
      }
      socket.once('drain', go).once('close', go)
    })
  }

  close(): void {
    this.socket?.destroy()
    this.#server.close()
  }

  #meet(socket: Socket): void {
    const splitter = new FrameSplitter(8 * MiB)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      for (const frame of splitter.push(chunk))
        this.#take(socket, RunnerToBox.safeParse(decodeFrame(frame).header).data)
    })
  }

  #take(socket: Socket, message: RunnerToBox | undefined): void {
    // The visit for ports is left without an answer.
    if (message === undefined) return
    this.asked.push(message)
    if (message.type === 'beat') socket.write(encodeStreamFrame({ type: 'beat' }))
    if (message.type !== 'hello') return
    this.socket = socket
    this.came += 1
    socket.write((this.#hellos.length > 1 ? this.#hellos.shift() : this.#hellos[0]) ?? hello([]))
  }
}

describe('T-15 what no box says ends the link, in words for the operator and for who waits', () => {
  const lies: Record<string, Uint8Array[]> = {
    'more terminals than there can be': [hello(shells(limits.terminals + 1))],
    'a window of a thousand million columns': [hello([shell(1, { cols: 1e9 })])],
    'a header of a list without an end': [hello(Array.from({ length: 200_000 }, () => 0))],
    'a frame larger than any': [Uint8Array.of(0, 16, 0, 0)],
    'hello once more': [hello([]), hello([])],
    'an offset that no output reaches': [
      hello(shells(1)),
      encodeStreamFrame({ type: 'out', terminal: 1, offset: 2 ** 52 }, new Uint8Array(1)),
    ],
    'a mark larger than any': [
      hello(shells(1)),
      encodeStreamFrame(
        { type: 'mark', terminal: 1, offset: 0, cols: 80, rows: 24 },
        new Uint8Array(16 * 1024),
      ),
    ],
    'a signal with a name without an end': [
      hello(shells(1)),
      encodeStreamFrame({ type: 'exit', terminal: 1, offset: 0, code: null, signal: 'x'.repeat(10_000) }),
    ],
  }

  test.each(Object.entries(lies))('%s', async (_what, said) => {
    const folder = tempFolder()
    onTestFinished(folder.remove)
    const box = await new FalseBox(concat(...said)).listen(join(folder.path, 'b', 's'))
    const lines: string[] = []
    const lost: string[] = []
    const log = pino(
      { level: 'info', base: { repl: 'a' } },
      { write: (line: string) => void lines.push(line) },
    )
    const link = new BoxLink({
      socket: join(folder.path, 'b', 's'),
      secret: 'secret',
      build: 'test',
      log,
      onHello: () => undefined,
      onLost: (why) => void lost.push(why),
      onOutput: () => undefined,
    })
    onTestFinished(() => link.close())

    const line = await eventually(() => lines.find((each) => each.includes('what no box says')), patientMs)

    expect(line.length).toBeLessThan(1000)
    expect(JSON.parse(line)).toMatchObject({ repl: 'a', why: expect.any(String) })
    await eventually(() => !link.isReady)
    expect(lost).toEqual(said.length > 1 ? ['false'] : [])
    expect(box.came).toBe(1)
  })
})

describe('the runner as it is shipped', () => {
  let program: Awaited<ReturnType<typeof bundle>>
  beforeAll(async () => void (program = await bundle('runner/main.ts')))
  afterAll(() => program.remove())

  async function runnerWith(box: FalseBox) {
    const setting = await newSetting()
    onTestFinished(() => setting.close())
    const { launch } = setting
    await box.listen(launch.boxSocket)
    const path = join(launch.state, '..', 'launch.json')
    await writeFile(path, JSON.stringify(launch), { mode: 0o600 })
    const runner = spawn(process.execPath, [program.path, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    let lines = ''
    runner.stdout.on('data', (bytes: Buffer) => (lines += bytes.toString()))
    onTestFinished(async () => {
      if (runner.exitCode !== null || runner.signalCode !== null) return
      runner.kill('SIGKILL')
      await once(runner, 'exit')
    })
    await eventually(() => box.came > 0 && lines.includes('the runner listens'), patientMs)
    const token = await setting.keys.token({ repl: launch.repl, role: 'owner' })
    const door = { socket: launch.socket, repl: launch.repl, token }
    return { runner, door, repl: launch.repl, lines: () => lines }
  }

  /** Megabytes that a process has more of than before `act`, at its highest. */
  async function growth(runner: ChildProcess, act: () => Promise<void>): Promise<number> {
    const before = residentOf(runner)
    let highest = before
    const timer = setInterval(() => (highest = Math.max(highest, residentOf(runner))), 20)
    await act().finally(() => clearInterval(timer))
    return (Math.max(highest, residentOf(runner)) - before) / MiB
  }

  function residentOf({ pid }: ChildProcess): number {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
  }

  test('T-15 lies cost it next to nothing, are logged with the repl, and people are told as of a box that is away', async () => {
    const huge = shell(1, { cols: 1e9 })
    const box = new FalseBox(hello(shells(limits.terminals)), hello([...shells(300), huge]))
    const { runner, door, repl, lines } = await runnerWith(box)

    const grown = await inside(door, 'terminal', async (page) => {
      const refused: unknown[] = []
      page.on('refused', (refusal) => refused.push(refusal))
      const grown = await growth(runner, async () => {
        await box.say(encodeStreamFrame({ type: 'sized', terminal: 1, offset: 0, cols: 1e9, rows: 24 }))
        await eventually(() => refused.length > 0, patientMs)
        await eventually(() => box.came === 2, patientMs)
      })
      expect(refused).toMatchObject([{ error: { code: 'unavailable' } }])
      return grown
    })

    expect(grown).toBeLessThan(40)
    // The second lie is the answer to its being dialled again.
    const told = await eventually(() => {
      const said = lines()
        .split('\n')
        .filter((line) => line.includes('what no box says'))
      return said.length >= 2 && said
    }, patientMs)
    expect(told.every((line) => line.includes(repl))).toBe(true)
  }, 90_000)

  const attach = (page: Page, terminal: number) =>
    new Promise((answered) => page.emit('attach', { terminal, ...wide }, answered))
  const wide = { cols: limits.terminalCols.max, rows: limits.terminalRows.max }

  /** What a terminal says, from its first byte on. */
  type Flood = (terminal: number) => Iterable<Uint8Array>
  const text = (begin: string, piece: string, count: number): Flood =>
    function* (terminal) {
      const bytes = Buffer.from(begin + piece.repeat(count))
      const step = 128 * 1024
      for (let at = 0; at < bytes.length; at += step) yield out(terminal, at, bytes.subarray(at, at + step))
    }
  const floods: Record<string, Flood> = {
    'bytes that each keep what came with them': function* (terminal) {
      const known = out(terminal, 0, new Uint8Array(60 * 1024))
      for (let at = 0; at < 2 * MiB; at += 4097)
        yield concat(out(terminal, at, new Uint8Array(1)), out(terminal, at + 1, new Uint8Array(4096)), known)
    },
    'a mark behind each byte': function* (terminal) {
      const prelude = new Uint8Array(limits.boxMarkBytes)
      for (let offset = 0; offset < 5000; offset++)
        yield concat(
          encodeStreamFrame({ type: 'mark', terminal, offset, ...wide }, prelude),
          out(terminal, offset, Buffer.from('x')),
        )
    },
    'accents over one letter': text('a', '\u0301', MiB),
    'a title without an end': text('\u001b]2;', 'title', 800_000),
    'a link without an end': text('\u001b]8;;http://', 'link.', 800_000),
  }
  /** Terminals that say the same. */
  const each = 3

  test('T-15 whatever terminals say at whatever length, each kind of flood costs it less than 80 MB', async () => {
    const box = new FalseBox(hello(shells(each * Object.keys(floods).length, wide)))
    const { runner, door } = await runnerWith(box)

    const grown = await inside(door, 'terminal', async (page) => {
      const told: Record<string, number> = {}
      let terminal = 0
      for (const [what, flood] of Object.entries(floods)) {
        told[what] = await growth(runner, async () => {
          for (const upTo = terminal + each; terminal < upTo;) {
            terminal += 1
            for (const frame of flood(terminal)) await box.say(frame)
            const painted = new Promise((resolve) => page.once('snap', resolve))
            await attach(page, terminal)
            await painted
          }
        })
      }
      return told
    })

    expect(Object.entries(grown).filter(([, megabytes]) => megabytes > 80)).toEqual([])
    expect(box.came).toBe(1)
  }, 120_000)
})

test('T-15 a tape keeps a bounded number of marks and changes of size, whatever a box tells', () => {
  const tape = new Tape(MiB, { cols: 80, rows: 24 })
  for (let offset = 0; offset < 20_000; offset++) {
    tape.append(offset, Uint8Array.of(1))
    tape.resize({ offset, cols: 80 + (offset % 2), rows: 24 })
    tape.resize({ offset, cols: 90, rows: 24 })
    tape.mark({ offset, cols: 90, rows: 24, prelude: new Uint8Array(0) })
  }

  expect(tape.sizesFrom(0).length).toBeLessThanOrEqual(1024)
  expect(tape.oldestMark()?.offset).toBeGreaterThan(19_000)
  expect(tape.sizeAt(20_000)).toMatchObject({ cols: 90 })
})

test('T-15 messages come at their pace and no faster; a burst is taken at once', () => {
  const pace = new Pace(0)
  const burst = 100 * limits.boxFramesPerMs

  expect(pace.take(burst, 0)).toBe(0)
  expect(pace.take(1000, 0)).toBe(1000 / limits.boxFramesPerMs)
  let now = 0
  for (let taken = 0; taken < 200_000; taken += 1000) now += pace.take(1000, now)
  expect(now).toBeGreaterThanOrEqual(200_000 / limits.boxFramesPerMs)
})

test('T-15 for a box that does not read, what is pasted and opened waits only so far', async () => {
  const folder = tempFolder()
  onTestFinished(folder.remove)
  const socket = join(folder.path, 'b', 's')
  const box = await new FalseBox(hello(shells(1))).listen(socket)
  const link = new BoxLink({
    socket,
    secret: 'secret',
    build: 'test',
    log: pino({ level: 'silent' }),
    onHello: () => undefined,
    onLost: () => undefined,
    onOutput: () => undefined,
  })
  onTestFinished(() => link.close())
  await eventually(() => link.isReady, patientMs)
  const opened = Array.from({ length: limits.terminals }, () => link.open({ name: 'a', cols: 80, rows: 24 }))
  const outcomes = Promise.allSettled(opened)
  await expect(link.open({ name: 'one more', cols: 80, rows: 24 })).rejects.toMatchObject({
    code: 'unavailable',
  })
  box.socket?.pause()

  const paste = new Uint8Array(limits.terminalInputBytes)
  const taken = Array.from({ length: 30 }, () => link.send({ type: 'in', terminal: 1 }, paste))

  expect(taken.filter(Boolean).length).toBeLessThan(12)
  link.close()
  expect((await outcomes).every(({ status }) => status === 'rejected')).toBe(true)
})

test('T-15 a box that comes back as another, with other terminals each time, leaves no more than there can be', async () => {
  const others = shells(limits.terminals).map((one) => ({ ...one, terminal: one.terminal + 100 }))
  const box = new FalseBox(hello(shells(limits.terminals), 'one'), hello(others, 'two'))
  const stage = new Stage()
  stage.box = { close: async () => box.close() }
  onTestFinished(() => stage.close())
  await box.listen(boxLaunch(stage.folder.path).socket)
  await stage.startRunner()
  const ada = await stage.page('ada')
  await eventually(() => ada.list?.length === limits.terminals)

  box.socket?.destroy()

  await eventually(() => ada.list?.every(({ id }) => id > 100), patientMs)
  expect(ada.list).toHaveLength(limits.terminals)
})
