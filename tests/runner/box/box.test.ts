// A box over its real socket: who is let in, what survives, how everything ends.
import { once } from 'node:events'
import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BoxToRunner, boxFrameBytes, type BoxTerminal } from '../../../protocol/box.ts'
import { decodeFrame, encodeStreamFrame, FrameSplitter } from '../../../protocol/frames.ts'
import { Ring } from '../../../runner/box/ring.ts'
import { startBox, type Box } from '../../../runner/box/start.ts'
import { isAlive } from '../../support/processes.ts'
import { boxLaunch, eventually, secret, tempFolder } from '../terminals/stage.ts'

/** A runner as the box sees one. */
class Runner {
  readonly socket: Socket
  readonly messages: BoxToRunner[] = []
  output = Buffer.alloc(0)
  closed = false
  #splitter = new FrameSplitter(boxFrameBytes)

  constructor(path: string) {
    this.socket = createConnection(path)
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => (this.closed = true))
    this.socket.on('data', (chunk: Buffer) => {
      for (const frame of this.#splitter.push(chunk)) this.#take(frame)
    })
  }

  static async hello(path: string, word = secret): Promise<Runner> {
    const runner = new Runner(path)
    runner.send({ type: 'hello', protocol: 1, build: 'test', secret: word })
    await eventually(() => runner.closed || runner.find('hello'))
    return runner
  }

  send(header: unknown, payload?: Uint8Array): void {
    this.socket.write(encodeStreamFrame(header, payload))
  }

  find<Type extends BoxToRunner['type']>(type: Type): Extract<BoxToRunner, { type: Type }> | undefined {
    return this.messages.find((message) => message.type === type) as never
  }

  async open(command?: string): Promise<BoxTerminal> {
    const ask = this.messages.length + 1000
    this.send({ type: 'open', ask, name: 'one', cols: 80, rows: 24, command })
    const opened = await eventually(() =>
      this.messages.find((message) => message.type === 'opened' && message.ask === ask),
    )
    if (opened.type !== 'opened') throw new Error('not opened')
    return opened.terminal
  }

  follow(terminal: number, from = 0): void {
    this.send({ type: 'follow', terminal, from })
  }

  #take(frame: Uint8Array): void {
    const { header, payload } = decodeFrame(frame)
    const message = BoxToRunner.parse(header)
    if (message.type === 'out') this.output = Buffer.concat([this.output, payload])
    this.messages.push(message)
  }
}

describe('a box', () => {
  const folder = tempFolder()
  const launch = { ...boxLaunch(folder.path), socket: join(folder.path, 'private', 'box.sock') }
  let box: Box
  beforeEach(async () => {
    box = await startBox(launch)
  })
  afterEach(() => box.close())

  test('listens where nobody else may enter, and refuses a folder that others may', async () => {
    expect(statSync(dirname(launch.socket)).mode & 0o777).toBe(0o700)
    expect(statSync(launch.socket).mode & 0o777).toBe(0o600)
    const open = join(folder.path, 'open')
    mkdirSync(open, { recursive: true })
    chmodSync(open, 0o755)

    await expect(startBox({ ...launch, socket: join(open, 'box.sock') })).rejects.toMatchObject({
      code: 'start-failed',
    })
  })

  test('turns away a wrong secret, garbage, and a request before hello', async () => {
    const wrong = await Runner.hello(launch.socket, 'b'.repeat(64))
    const garbage = new Runner(launch.socket)
    garbage.socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    const early = new Runner(launch.socket)
    early.send({ type: 'open', ask: 1, name: 'one', cols: 80, rows: 24 })

    await eventually(() => wrong.closed && garbage.closed && early.closed)

    expect([wrong.messages, garbage.messages, early.messages]).toEqual([[], [], []])
  })

  test('one runner at a time: the next takes the place of the last, and finds its terminals', async () => {
    const first = await Runner.hello(launch.socket)
    const opened = await first.open()

    const second = await Runner.hello(launch.socket)
    await eventually(() => first.closed)

    expect(second.find('hello')?.terminals).toMatchObject([
      { terminal: opened.terminal, pid: opened.pid, exit: null },
    ])
  })

  test('T-9 a shell lives on without a runner, and the next one goes on where the last stopped', async () => {
    const first = await Runner.hello(launch.socket)
    const { terminal } = await first.open()
    first.follow(terminal)
    first.send({ type: 'in', terminal }, Buffer.from('echo before-$((1+1))\r'))
    await eventually(() => first.output.includes('before-2'))
    const had = first.output
    first.send({ type: 'in', terminal }, Buffer.from('sleep 0.2; echo away-$((2+2))\r'))
    // What a runner says as it dies may be lost; this was taken.
    await eventually(() => first.output.includes('echo away'))
    first.socket.destroy()

    const second = await Runner.hello(launch.socket)
    second.follow(terminal, had.length)
    await eventually(() => second.output.includes('away-4'))
    const third = await Runner.hello(launch.socket)
    third.follow(terminal, 0)
    await eventually(() => third.output.includes('away-4'))

    expect(third.output.toString().startsWith(had.toString())).toBe(true)
    expect(Buffer.concat([had, second.output]).toString().slice(0, third.output.length)).toBe(
      third.output.toString().slice(0, had.length + second.output.length),
    )
  })

  test('T-9 of 5 MB printed while the runner was away no byte is missing: the next one goes on at the offset of the last', async () => {
    const first = await Runner.hello(launch.socket)
    const { terminal, pid } = await first.open()
    first.follow(terminal)
    // 11 bytes a line, three seconds of them; the first ones come while a runner is there.
    const print = `stty -onlcr; for i in $(seq 0 29); do seq -f %010.0f $((i*16000)) $((i*16000+15999)); sleep 0.1; done; printf the-%s end\r`
    first.send({ type: 'in', terminal }, Buffer.from(print))
    await eventually(() => first.output.includes('0000016000\n'), 30_000)
    first.socket.destroy()
    await eventually(() => first.closed)
    const had = first.output
    const isOver = async (): Promise<boolean> => {
      const looking = await Runner.hello(launch.socket)
      const next = looking.find('hello')?.terminals[0]?.next ?? 0
      looking.socket.destroy()
      return next - had.length > 5_000_000
    }
    await eventually(isOver, 60_000)

    const second = await Runner.hello(launch.socket)
    second.follow(terminal, had.length)
    await eventually(() => second.output.includes('the-end'), 60_000)

    const whole = Buffer.concat([had, second.output]).toString()
    const printed = whole.slice(whole.indexOf('0000000000\n'), whole.indexOf('the-end'))
    const expected = Array.from({ length: 480_000 }, (_, line) => `${String(line).padStart(10, '0')}\n`).join(
      '',
    )
    expect(printed === expected).toBe(true)
    const outs = second.messages.flatMap((message) => (message.type === 'out' ? [message.offset] : []))
    expect(outs[0]).toBe(had.length)
    expect(second.find('hello')?.terminals).toMatchObject([{ terminal, pid, exit: null }])
  }, 180_000)

  test('T-9 a ring that grew for a runner that was away is small again once everything was taken', () => {
    const ring = new Ring({ usual: 2000, most: 8000 })
    const push = (count: number): void => ring.push(Buffer.alloc(count, 'x'))
    push(1000)
    ring.taken = 1000
    for (let at = 0; at < 5; at += 1) push(1000)
    expect(ring.first).toBeLessThanOrEqual(1000)
    for (let at = 0; at < 5; at += 1) push(1000)
    expect(ring.next - ring.first).toBe(8000)

    ring.taken = ring.next
    push(100)

    expect(ring.next - ring.first).toBe(2000)
    expect(ring.slice(ring.first, ring.next).toString()).toBe('x'.repeat(2000))
  })

  test('T-2 the exit is the last message of a terminal, behind every byte', async () => {
    const runner = await Runner.hello(launch.socket)
    const { terminal } = await runner.open('head -c 1000000 /dev/zero | tr "\\0" y; exit 7')
    runner.follow(terminal)

    const exit = await eventually(() => runner.find('exit'))

    expect(exit).toMatchObject({ offset: 1_000_000, code: 7, signal: null })
    expect(runner.output.length).toBe(1_000_000)
    expect(runner.messages.at(-1)?.type).toBe('exit')
  })

  test('closing a terminal ends its whole session, also jobs that ignore the hang-up', async () => {
    const runner = await Runner.hello(launch.socket)
    const { terminal } = await runner.open()
    runner.follow(terminal)
    const script = `(trap '' HUP TERM; echo job-$BASHPID; sleep 60) & (sleep 60)\r`
    runner.send({ type: 'in', terminal }, Buffer.from(script))
    const job = await eventually(() => Number(/^job-(\d+)/m.exec(runner.output.toString())?.[1]))

    runner.send({ type: 'close', terminal })
    await eventually(() => runner.find('exit'))
    await eventually(() => !isAlive(job))
    runner.send({ type: 'close', terminal })

    const next = await Runner.hello(launch.socket)
    expect(next.find('hello')?.terminals).toEqual([])
  })

  test('the end reaches programs that left their terminal, and is told when none is left', async () => {
    const runner = await Runner.hello(launch.socket)
    const { terminal, pid } = await runner.open()
    runner.follow(terminal)
    runner.send({ type: 'in', terminal }, Buffer.from(`setsid sh -c 'echo gone-$$; exec sleep 60' &\r`))
    const stray = await eventually(() => Number(/^gone-(\d+)/m.exec(runner.output.toString())?.[1]))

    runner.send({ type: 'end' })
    await eventually(() => runner.find('ended'))

    expect([isAlive(stray), isAlive(pid)]).toEqual([false, false])
    expect(runner.find('exit')).toBeDefined()
  })

  test('frames beyond every limit end the socket and nothing else', async () => {
    const runner = await Runner.hello(launch.socket)
    const { terminal } = await runner.open()
    runner.send({ type: 'size', terminal, cols: 100_000, rows: 1 })
    await once(runner.socket, 'close')
    const huge = await Runner.hello(launch.socket)
    huge.socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]))
    await once(huge.socket, 'close')

    const next = await Runner.hello(launch.socket)
    expect(next.find('hello')?.terminals).toMatchObject([{ terminal, cols: 80, rows: 24, exit: null }])
  })
})
