// Shared terminals between people: output, input, roles, size, late joiners, the end; over real sockets and real shells.
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { limits } from '../../../protocol/limits.ts'
import { feedEmulator, newEmulator, type Emulator } from '../../../runner/terminals/emulator.ts'
import { scrollbackLines } from '../../../runner/terminals/mirror.ts'
import { eventually, Stage, type Page } from './stage.ts'
import { portrait } from './streams.ts'

let stage: Stage
beforeEach(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.close())

/** What the page's own emulator would show. */
function screenOf(page: Page, terminal: number, size = { cols: 80, rows: 24 }): Emulator {
  const emulator = newEmulator({ ...size, scrollback: scrollbackLines })
  feedEmulator(emulator, page.of(terminal).snaps.at(-1)?.bytes ?? new Uint8Array(0))
  feedEmulator(emulator, Buffer.concat(page.of(terminal).bytes))
  return emulator
}

describe('sharing a terminal', () => {
  test('T-1 two people see the same bytes, and each types into the same shell', async () => {
    const ada = await stage.page('ada')
    const grace = await stage.page('grace')
    const terminal = await ada.openAndAttach()
    await grace.attach(terminal)

    ada.type(terminal, 'echo one-$((1+1))\r')
    await eventually(() => grace.shown(terminal).includes('one-2'))
    grace.type(terminal, 'echo two-$((2+2))\r')
    await eventually(() => ada.text(terminal).includes('two-4') && grace.shown(terminal).includes('two-4'))

    expect(ada.of(terminal).gaps + grace.of(terminal).gaps).toBe(0)
    expect(ada.list?.[0]).toMatchObject({ id: terminal, viewers: 2, driver: { name: 'ada' } })
  })

  test('T-2 the exit reaches a page behind every byte, and a later page is told too', async () => {
    const ada = await stage.page('ada')
    const terminal = await ada.openAndAttach()

    ada.type(terminal, 'exec sh -c "head -c 400000 /dev/zero | tr \'\\0\' z; exit 5"\r')
    await eventually(() => ada.of(terminal).exit)
    const grace = await stage.page('grace')
    await grace.attach(terminal)
    await eventually(() => grace.of(terminal).exit)

    expect(ada.of(terminal).exit).toMatchObject({ code: 5, signal: null, offset: ada.of(terminal).next })
    expect(ada.of(terminal).lateBytes).toBe(0)
    expect(ada.text(terminal).split('z').length - 1).toBeGreaterThanOrEqual(400_000)
    expect(ada.list?.[0]?.exit).toEqual({ code: 5, signal: null })
  })

  test('T-3 who comes later sees the screen of those who watched from the beginning, also inside of a full-screen program', async () => {
    const ada = await stage.page('ada')
    const terminal = await ada.openAndAttach()
    ada.type(
      terminal,
      `printf 'a\\033[31mred\\033[m\\n%.0s' $(seq 40); printf '\\033[?1049h\\033[2;5Hmenu \\033[7mopen\\033[m\\033[?25l'; printf 'do''ne'; read x\r`,
    )
    await eventually(() => ada.text(terminal).includes('done'))

    const grace = await stage.page('grace')
    const attached = await grace.attach(terminal)
    await eventually(() => grace.of(terminal).snaps.length === 1)

    expect(attached.mode).toBe('snapshot')
    expect(portrait(screenOf(grace, terminal))).toEqual(portrait(screenOf(ada, terminal)))
  })

  test('T-1 a page that comes back goes on where it stopped, without a picture', async () => {
    const ada = await stage.page('ada')
    const terminal = await ada.openAndAttach()
    ada.type(terminal, 'echo first-$((1+1))\r')
    await eventually(() => ada.text(terminal).includes('first-2'))
    const had = ada.of(terminal).next
    ada.close()

    const again = await stage.page('ada')
    const attached = await again.attach(terminal, { cols: 80, rows: 24 }, had)
    again.type(terminal, 'echo second-$((2+2))\r')
    await eventually(() => again.text(terminal).includes('second-4'))

    expect(attached).toMatchObject({ mode: 'resume', offset: had })
    expect(again.of(terminal).snaps).toEqual([])
    expect(again.of(terminal).gaps).toBe(0)
  })

  test('T-4 a viewer cannot type, open, size, rename, run or close, but sees what others type', async () => {
    const ada = await stage.page('ada')
    const joan = await stage.page('joan', 'viewer')
    const terminal = await ada.openAndAttach()
    await joan.attach(terminal, { cols: 120, rows: 40 })
    await eventually(() => ada.shown(terminal).length > 0)

    joan.type(terminal, 'touch stolen\r')
    joan.socket.emit('size', { terminal, cols: 120, rows: 40 })
    const answers = [
      await joan.ask('open', { cols: 80, rows: 24 }),
      await joan.ask('close', { terminal }),
      await joan.ask('rename', { terminal, name: 'mine' }),
      await joan.ask('run', {}),
      await joan.ask('stop'),
    ]
    await eventually(() => joan.refused.length === 2)
    ada.type(terminal, 'ls; stty size; echo seen-$((3+3))\r')
    await eventually(() => joan.shown(terminal).includes('seen-6'))

    expect(answers.map((answer) => !answer.ok && answer.error.code)).toEqual(Array(5).fill('forbidden'))
    expect(joan.refused.map(({ error }) => error.code)).toEqual(['forbidden', 'forbidden'])
    expect(ada.shown(terminal)).not.toContain('stolen')
    expect(ada.text(terminal)).toContain('24 80')
    expect(ada.list).toMatchObject([{ name: 'Terminal 1', cols: 80, rows: 24, viewers: 2 }])
  })

  test('T-5 the driver’s window owns the size; it passes on when the driver leaves, and comes back with them', async () => {
    const ada = await stage.page('ada')
    const grace = await stage.page('grace')
    const terminal = await ada.openAndAttach({ cols: 80, rows: 24 })
    await grace.attach(terminal, { cols: 100, rows: 30 })
    const size = () => [grace.list?.[0]?.cols, grace.list?.[0]?.rows].join('x')

    grace.socket.emit('size', { terminal, cols: 101, rows: 31 })
    ada.socket.emit('size', { terminal, cols: 90, rows: 25 })
    await eventually(() => size() === '90x25')
    ada.type(terminal, 'stty size\r')
    await eventually(() => grace.shown(terminal).includes('25 90'))
    ada.close()
    await eventually(() => size() === '101x31' && grace.list?.[0]?.driver?.name === 'grace')
    const back = await stage.page('ada')
    await back.attach(terminal, { cols: 70, rows: 20 })
    await eventually(() => size() === '70x20' && grace.list?.[0]?.driver?.name === 'ada')

    expect(grace.of(terminal).sizes).not.toContainEqual({ cols: 100, rows: 30 })
    expect(grace.of(terminal).sizes.at(-1)).toEqual({ cols: 70, rows: 20 })
  })

  test('T-6 many inputs arrive in order and whole; one over the limit is refused as a whole, in words', async () => {
    const ada = await stage.page('ada')
    const terminal = await ada.openAndAttach()
    const lines = Array.from({ length: 3000 }, (_, at) => `line ${at} ${'.'.repeat(at % 60)}\n`)
    const text = lines.join('')
    const hash = createHash('sha256').update(text).digest('hex')
    ada.type(terminal, `stty -echo; echo rea''dy; head -c ${text.length} | sha256sum; stty echo\r`)
    await eventually(() => ada.text(terminal).includes('ready'))

    ada.type(terminal, Buffer.alloc(limits.terminalInputBytes + 1, 'x'))
    ada.type(terminal, Buffer.alloc(6 * 1024 * 1024, 'y'))
    for (const line of lines) ada.type(terminal, line)
    await eventually(() => ada.text(terminal).includes(hash))

    expect(ada.refused.map(({ error }) => error.code)).toEqual(['too-large', 'too-large'])
    expect(ada.refused[0]?.error.say).toContain('1 MB')
  })

  test('questions of programs are answered once: only the driver’s answer reaches the program', async () => {
    const ada = await stage.page('ada')
    const grace = await stage.page('grace')
    const terminal = await ada.openAndAttach()
    await grace.attach(terminal)
    ada.type(terminal, `stty raw -echo; echo rea''dy; head -c 14 | od -c; stty sane\r`)
    await eventually(() => ada.text(terminal).includes('ready'))

    for (const reply of ['\u001b[?1;2c', '\u001b[3;7R', '\u001b]11;rgb:0000/0000/0000\u001b\\', '\u001b[I']) {
      grace.type(terminal, reply)
    }
    grace.type(terminal, 'typed')
    ada.type(terminal, '\u001b[?1;2c')
    ada.type(terminal, 'xy')
    await eventually(() => /\? {3}1 {3}; {3}2 {3}c/.test(ada.text(terminal)))

    expect(ada.shown(terminal)).not.toContain('r   g   b')
    expect(grace.refused).toEqual([])
  })

  test('closing ends the programs and takes the terminal from everybody’s list; a renamed one keeps its name', async () => {
    const ada = await stage.page('ada')
    const grace = await stage.page('grace')
    const first = await ada.openAndAttach()
    const second = await ada.open({ cols: 80, rows: 24 }, 'server')

    await grace.ask('rename', { terminal: first, name: 'tests' })
    await eventually(() => ada.list?.map(({ name }) => name).join() === 'tests,server')
    await grace.ask('close', { terminal: second })
    await eventually(() => ada.list?.map(({ name }) => name).join() === 'tests')

    const gone = await ada.ask('attach', { terminal: second, cols: 80, rows: 24 })
    expect(!gone.ok && gone.error.code).toBe('not-found')
    const taken = await ada.ask('rename', { terminal: first, name: 'Run' })
    expect(!taken.ok && taken.error.code).toBe('exists')
  })

  test('T-8 a frozen page stalls nobody, costs little, and ends on the right screen', async () => {
    const ada = await stage.page('ada')
    const grace = await stage.page('grace')
    const terminal = await ada.openAndAttach()
    await grace.attach(terminal)
    grace.frozen = true
    ada.type(terminal, `seq 1 150000 | sed 's/$/ and some more/' ; echo al''l\r`)

    await eventually(() => ada.tail(terminal).includes('all'))
    const sent = grace.of(terminal).bytes.reduce((sum, bytes) => sum + bytes.length, 0)
    grace.frozen = false
    grace.socket.emit('ack', { terminal, offset: grace.of(terminal).next })
    await eventually(() => grace.of(terminal).snaps.length > 0 && grace.shown(terminal).includes('all'))

    expect(sent).toBeLessThanOrEqual(1024 * 1024)
    expect(grace.of(terminal).gaps).toBe(0)
    expect(portrait(screenOf(grace, terminal))).toEqual(portrait(screenOf(ada, terminal)))
  })

  test('T-8 who attaches again and again without reading is refused, and costs bounded memory', async () => {
    const ada = await stage.page('ada')
    const grace = await stage.page('grace')
    const terminal = await ada.openAndAttach()
    ada.type(terminal, `seq 1 150000 | sed 's/$/ and some more/' ; echo al''l\r`)
    await eventually(() => ada.tail(terminal).includes('all'))
    const from = ada.of(terminal).next - 1024 * 1024
    const line = Reflect.get(Object(Reflect.get(grace.socket.io.engine.transport, 'ws')), '_socket')
    line.pause()

    const answers = []
    while (answers.length < 600) {
      for (let i = 0; i < 10; i += 1)
        answers.push(grace.ask('attach', { terminal, cols: 80, rows: 24, from }))
      await ada.ask('rename', { terminal, name: `t${answers.length}` })
    }
    line.resume()
    const refused = (await Promise.all(answers)).filter((answer) => !answer.ok)

    expect(refused.length).toBeGreaterThan(answers.length / 2)
    expect(refused[0]).toMatchObject({ error: { code: 'too-many' } })
    await grace.attach(terminal)
    await eventually(() => grace.shown(terminal).includes('all'))
  })

  test('bad input of every kind is refused, changes nothing, and disturbs nobody', async () => {
    const ada = await stage.page('ada')
    const grace = await stage.page('grace')
    const terminal = await ada.openAndAttach()
    await eventually(() => ada.shown(terminal).length > 0)
    const junk = [undefined, null, 7, 'x', [], {}, { terminal: 'one' }, { terminal: -1 }, { terminal: 1e9 }]

    for (const event of ['in', 'size', 'ack', 'detach', 'attach', 'open', 'close', 'rename', 'nonsense']) {
      for (const each of junk) grace.socket.emit(event, each, each)
    }
    grace.socket.emit('size', { terminal, cols: 1e9, rows: 0 })
    grace.socket.emit('ack', { terminal, offset: Number.MAX_SAFE_INTEGER })
    grace.socket.emit('in', { terminal }, 'text, not bytes')
    const answers = await Promise.all([
      grace.ask('open', { cols: 0, rows: 24 }),
      grace.ask('open', { cols: 80, rows: 24, name: 'a\u0007b' }),
      grace.ask('attach', { terminal: 99, cols: 80, rows: 24 }),
      grace.ask('close', { terminal: 'x' }),
      grace.ask('run', { cols: 'wide' }),
    ])
    ada.type(terminal, 'echo still-$((4+4))\r')
    await eventually(() => ada.text(terminal).includes('still-8'))

    expect(answers.map((answer) => !answer.ok && answer.error.code)).toEqual([
      'bad-input',
      'bad-input',
      'not-found',
      'bad-input',
      'bad-input',
    ])
    expect(grace.refused.every(({ error }) => ['bad-input', 'not-found'].includes(error.code))).toBe(true)
    expect(ada.refused).toEqual([])
    expect(ada.list).toMatchObject([{ id: terminal, name: 'Terminal 1', cols: 80, rows: 24 }])
    expect(ada.shown(terminal)).not.toContain('text, not bytes')
  })
})
