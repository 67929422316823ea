// A person's program in the place of the box, on its own socket: whatever it says costs the runner, a process of its own here,
// bounded memory; what no box says ends the link in words.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { BoxTerminal } from '../../../protocol/box.ts'
import { RunnerToBox } from '../../../protocol/box.ts'
import { concat, decodeFrame, encodeStreamFrame, FrameSplitter } from '../../../protocol/frames.ts'
import { limits } from '../../../protocol/limits.ts'
import { BoxLink } from '../../../runner/terminals/box-link.ts'
import { inside } from '../../support/live-door.ts'
import { bundle } from '../../support/programs.ts'
import { newSetting } from '../documents/running.ts'
import { eventually, tempFolder } from './stage.ts'

const MiB = 1024 * 1024
const patientMs = 30_000
const shell = (id: number, more: Partial<BoxTerminal> = {}) => ({
  ...{
    terminal: id,
    name: `Terminal ${id}`,
    cols: 80,
    rows: 24,
    pid: 100 + id,
    first: 0,
    next: 0,
    exit: null,
  },
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
  async say(...frames: Uint8Array[]): Promise<void> {
    for (const frame of frames) {
      const { socket } = this
      if (socket === null || socket.destroyed) return
      if (!socket.write(frame)) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
    }
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
    'a header of a list without an end': [hello(new Array(200_000).fill(0))],
    'a frame larger than any': [Uint8Array.of(0, 16, 0, 0)],
    'hello once more': [hello([]), hello([])],
    'an offset that no output reaches': [
      hello(shells(1)),
      encodeStreamFrame({ type: 'out', terminal: 1, offset: 2 ** 52 }, new Uint8Array(1)),
    ],
    'a mark of a megabyte': [
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
      ...{ socket: join(folder.path, 'b', 's'), secret: 'secret', build: 'test', log },
      ...{ onHello: () => undefined, onLost: (why) => void lost.push(why), onOutput: () => undefined },
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
    const box = new FalseBox(hello(shells(limits.terminals)), hello(shells(300)), hello([huge]))
    const { runner, door, repl, lines } = await runnerWith(box)

    const grown = await inside(door, 'terminal', async (page) => {
      const refused: unknown[] = []
      page.on('refused', (refusal) => refused.push(refusal))
      const grown = await growth(runner, async () => {
        await box.say(encodeStreamFrame({ type: 'sized', terminal: 1, offset: 0, cols: 1e9, rows: 24 }))
        await eventually(() => refused.length > 0, patientMs)
        await eventually(() => box.came === 3, patientMs)
      })
      expect(refused).toMatchObject([{ error: { code: 'unavailable' } }])
      return grown
    })

    expect(grown).toBeLessThan(40)
    const told = lines()
      .split('\n')
      .filter((line) => line.includes('what no box says'))
    expect(told.every((line) => line.includes(repl))).toBe(true)
    expect(told.length).toBeGreaterThanOrEqual(2)
  }, 90_000)
})
