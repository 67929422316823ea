// Fan-out under random viewers: stalls, drops, returns, small tapes. In-process, so that thousands of steps take seconds.
import { pino } from 'pino'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Role } from '../../../protocol/access.ts'
import type { TerminalToPage } from '../../../protocol/terminal.ts'
import { window } from '../../../runner/terminals/credit.ts'
import { systemClock } from '../../../runner/documents/clock.ts'
import { driverOf } from '../../../runner/terminals/driver.ts'
import { feedEmulator, newEmulator } from '../../../runner/terminals/emulator.ts'
import { Flow, type Pace } from '../../../runner/terminals/flow.ts'
import { scrollbackLines } from '../../../runner/terminals/mirror.ts'
import { isReply } from '../../../runner/terminals/replies.ts'
import { SharedTerminal, type Peer } from '../../../runner/terminals/shared.ts'
import { seeded, type Seeded } from '../box/seeded.ts'
import { portrait, stream } from './streams.ts'

const size = { cols: 30, rows: 8 }
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A page that paints into an emulator of its own and acknowledges when it likes. */
class FakePage {
  readonly peer: Peer
  attached = false
  frozen = false
  next = 0
  unacked = 0
  most = 0
  faults: string[] = []
  snaps = 0
  emulator = newEmulator({ ...size, scrollback: scrollbackLines })
  readonly #all: () => Buffer

  constructor(id: string, all: () => Buffer, role: Role = 'editor') {
    this.#all = all
    const send = (event: string, ...args: unknown[]) => this.#take(event, args)
    this.peer = { id, person: { id, name: id, role }, send: send as Peer['send'] }
  }

  /** A new page: nothing on the screen. */
  clear(): void {
    this.emulator.dispose()
    this.emulator = newEmulator({ ...size, scrollback: scrollbackLines })
    this.next = 0
  }

  #take(event: string, args: unknown[]): void {
    if (!this.attached) this.faults.push(`${event} after leaving`)
    if (event === 'out') this.#out(...(args as Parameters<TerminalToPage['out']>))
    if (event === 'snap') this.#snap(...(args as Parameters<TerminalToPage['snap']>))
    if (event === 'size')
      this.emulator.resize((args[0] as { cols: number }).cols, (args[0] as { rows: number }).rows)
  }

  #out(_terminal: number, offset: number, bytes: Uint8Array): void {
    if (offset !== this.next) this.faults.push(`gap: ${offset} after ${this.next}`)
    if (
      !this.#all()
        .subarray(offset, offset + bytes.length)
        .equals(bytes)
    )
      this.faults.push(`wrong bytes at ${offset}`)
    this.next = offset + bytes.length
    this.unacked += bytes.length
    this.most = Math.max(this.most, this.unacked)
    feedEmulator(this.emulator, bytes)
  }

  #snap(at: { offset: number; cols: number; rows: number }, bytes: Uint8Array): void {
    this.clear()
    this.snaps++
    this.emulator.resize(at.cols, at.rows)
    feedEmulator(this.emulator, bytes)
    this.next = at.offset
  }
}

async function play(seed: number, tapeBytes: number): Promise<{ snaps: number; returns: number }> {
  const random = seeded(seed)
  let all = Buffer.alloc(0)
  let returns = 0
  const holds: boolean[] = []
  const terminal = new SharedTerminal({
    id: 1,
    pid: 1,
    name: 'one',
    size,
    opener: null,
    hold: null,
    tapeBytes,
    materialise: () => Promise.resolve(),
    onChange: () => undefined,
    onSize: () => undefined,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    box: {
      write: () => true,
      resize: () => true,
      hold: (held) => {
        holds.push(held)
        if (held) expect(pages.some((page) => page.attached)).toBe(true)
        return true
      },
    },
  })
  const pages = ['ada', 'grace', 'joan'].map((id) => new FakePage(id, () => all))

  const print = (bytes: Buffer): void => {
    all = Buffer.concat([all, bytes])
    terminal.take({ type: 'out', terminal: 1, offset: all.length - bytes.length }, bytes)
  }
  const ack = (page: FakePage): void => {
    page.unacked = 0
    terminal.ack(page.peer.id, page.next)
  }
  const toggle = (page: FakePage): void => {
    if (page.attached) {
      terminal.detach(page.peer.id)
      page.attached = false
      return
    }
    page.attached = true
    page.unacked = 0
    const keeps = page.next > 0 && random.below(2) === 0
    if (!keeps) page.clear()
    const { attached, begin } = terminal.attach(page.peer, size, keeps ? page.next : undefined)
    if (attached.mode === 'resume') {
      returns++
      expect(attached.offset).toBe(page.next)
    }
    begin()
  }
  for (let step = 0; step < 120; step++) await act(random, pages, { print, ack, toggle })
  for (const page of pages) if (!page.attached) toggle(page)
  for (let round = 0; round < 400 && pages.some((page) => page.next !== all.length); round++) {
    pages.forEach(ack)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }

  const witness = newEmulator({ ...size, scrollback: scrollbackLines })
  feedEmulator(witness, all)
  for (const page of pages) {
    expect(page.faults, `seed ${seed}`).toEqual([])
    expect(page.next, `seed ${seed}`).toBe(all.length)
    expect(page.most).toBeLessThanOrEqual(window.most)
    // A tape smaller than the output cannot give back what scrolled away before anybody looked.
    if (tapeBytes > all.length) expect(portrait(page.emulator), `seed ${seed}`).toEqual(portrait(witness))
    page.emulator.dispose()
  }
  const snaps = pages.reduce((sum, page) => sum + page.snaps, 0)
  terminal.close()
  witness.dispose()
  return { snaps, returns }
}

type Acts = {
  print: (bytes: Buffer) => void
  ack: (page: FakePage) => void
  toggle: (page: FakePage) => void
}

async function act(random: Seeded, pages: FakePage[], { print, ack, toggle }: Acts): Promise<void> {
  const page = random.pick(pages)
  const what = random.below(20)
  if (what < 9) print(stream(random, 1 + random.below(40), size))
  else if (what === 9) print(Buffer.from(`${'flood '.repeat(8)}\r\n`.repeat(random.below(4000))))
  else if (what < 16 && !page.frozen) ack(page)
  else if (what === 16) page.frozen = !page.frozen
  else if (what > 16 && what < 19) toggle(page)
  if (random.below(2) === 0) await turn()
}

describe('fan-out', () => {
  afterEach(() => void vi.useRealTimers())

  test('T-1 T-3 T-8 whatever viewers do, each gets contiguous output and ends on the true screen within its window', async () => {
    let snaps = 0
    let returns = 0
    for (let seed = 1; seed <= 4; seed++) {
      const played = await play(seed, 64 * 1024 * 1024)
      snaps += played.snaps
      returns += played.returns
    }
    expect(snaps).toBeGreaterThan(2)
    expect(returns).toBeGreaterThan(2)
  })

  test('T-1 a tape far smaller than the output loses viewers nothing but the past', async () => {
    for (let seed = 100; seed < 103; seed++) await play(seed, 20_000)
  })

  test('a PTY is held only while the fastest viewer is a window behind, never with none, never over a second', () => {
    vi.useFakeTimers()
    const holds: boolean[] = []
    const flow = new Flow((held) => holds.push(held))
    const pace = (keepsUp: boolean, isFull: boolean): Pace => ({ keepsUp, isFull, isHalfFree: !isFull })

    flow.look([])
    flow.look([pace(false, true)])
    flow.look([pace(true, true), pace(true, false)])
    expect(holds).toEqual([])
    flow.look([pace(true, true), pace(false, true)])
    expect(holds).toEqual([true])
    vi.advanceTimersByTime(1000)
    flow.look([pace(true, true)])
    expect(holds).toEqual([true, false])
    flow.look([pace(true, false)])
    flow.look([pace(true, true)])
    flow.look([])
    expect(holds).toEqual([true, false, true, false])
  })

  test('T-4 T-5 exactly one drives or nobody, over random comings and goings', () => {
    const random = seeded(5)
    const people = ['ada', 'grace', 'joan'].map((id, at) => ({
      id,
      name: id,
      role: (['owner', 'editor', 'viewer'] as const)[at]!,
    }))
    for (let round = 0; round < 500; round++) {
      const seats = Array.from({ length: random.below(6) }, () => ({
        person: random.pick(people),
        size,
        sizedAt: random.below(9),
      }))
      const driver = driverOf(seats, { opener: 'grace', holder: null })
      const typing = seats.filter(({ person }) => person.role !== 'viewer')

      expect(driver === null).toBe(typing.length === 0)
      if (typing.some(({ person }) => person.id === 'grace')) expect(driver?.person.id).toBe('grace')
      expect(driver?.person.role).not.toBe('viewer')
    }
  })

  test('what an emulator answers by itself is told from what a person types', () => {
    const replies = [
      '\u001b[?1;2c',
      '\u001b[>0;276;0c',
      '\u001b[0n',
      '\u001b[12;40R',
      '\u001b]11;rgb:ffff/ffff/ffff\u0007',
      '\u001b[?25;1$y',
      '\u001bP1$r0m\u001b\\',
      '\u001b[I',
      '\u001b[?1;2c\u001b[3;4R',
    ]
    const typed = [
      'a',
      '\r',
      '\u001b',
      '\u001b[A',
      '\u001bOP',
      '\u001b[200~pasted\u001b[201~',
      '\u001b[1;5C',
      'c',
      '\u001b[M !!',
      '\u001b[<0;3;4M',
      '\u001b[?1;2cx',
      '',
    ]

    expect(replies.filter((text) => !isReply(Buffer.from(text)))).toEqual([])
    expect(typed.filter((text) => isReply(Buffer.from(text)))).toEqual([])
  })
})
