// Where a screen can begin: what a mark says about modes and colours, against an emulator that saw everything.
import { afterEach, describe, expect, test } from 'vitest'
import { Ring } from '../../../runner/box/ring.ts'
import { Scan } from '../../../runner/box/scan.ts'
import { colours } from '../../../runner/terminals/colours.ts'
import { feedEmulator, innerState, newEmulator, type Emulator } from '../../../runner/terminals/emulator.ts'
import { eventually, Stage, type Page } from '../terminals/stage.ts'
import { stream } from '../terminals/streams.ts'
import { seeded } from './seeded.ts'

const size = { cols: 40, rows: 10 }
const fresh = () => newEmulator({ ...size, scrollback: 10 })

/** What a mark promises; the screen itself comes with the output behind it. */
function promised(terminal: Emulator): object {
  const { title, attributes, cursorHidden, mouseEncoding, insert, origin, buffer } = innerState(terminal)
  const region = [buffer.scrollTop, buffer.scrollBottom]
  const screen = terminal.buffer.active.type
  return {
    title,
    look: colours(attributes),
    cursorHidden,
    mouseEncoding,
    insert,
    origin,
    region,
    screen,
    modes: terminal.modes,
  }
}

let stage: Stage | undefined
afterEach(async () => {
  await stage?.close()
  stage = undefined
})

describe('a mark', () => {
  test('T-3 brings a fresh terminal into the modes and colours of one that saw everything, at every line of seeded streams', () => {
    let marks = 0
    for (let seed = 1; seed <= 40; seed++) {
      const bytes = stream(seeded(seed), 120, size)
      const scan = new Scan()
      const witness = fresh()
      for (let at = 0; at >= 0 && at < bytes.length;) {
        const cut = scan.read(bytes, at, 0)
        feedEmulator(witness, bytes.subarray(at, cut < 0 ? bytes.length : cut))
        at = cut
        if (cut < 0) break
        const late = fresh()
        feedEmulator(late, Buffer.from(scan.modes.prelude(), 'latin1'))
        expect(promised(late), `stream ${seed} at ${cut}`).toEqual(promised(witness))
        late.dispose()
        marks++
      }
      witness.dispose()
    }
    expect(marks).toBeGreaterThan(200)
  })

  test('a ring gives back exactly its newest bytes, whatever the pieces', () => {
    const random = seeded(9)
    const ring = new Ring({ usual: 5000, most: 5000 })
    let all = Buffer.alloc(0)
    for (let step = 0; step < 500; step++) {
      const piece = Buffer.from(
        Array.from({ length: random.below(random.pick([3, 300, 9000])) }, () => random.below(256)),
      )
      ring.push(piece)
      all = Buffer.concat([all, piece])
      const from = ring.first + random.below(ring.next - ring.first + 1)
      expect(ring.next).toBe(all.length)
      expect(ring.slice(from, ring.next).equals(all.subarray(from))).toBe(true)
      all = Buffer.concat([all])
    }
    expect(ring.next - ring.first).toBe(5000)
  })

  test('T-9 a runner that comes back after more output than the ring holds still shows the true screen', async () => {
    stage = await Stage.start({ ringBytes: 64 * 1024 })
    const ada = await stage.page('ada')
    const terminal = await ada.openAndAttach(size)
    ada.type(terminal, `printf '\\033[44m'; seq 30000; printf '\\033[?2004h\\033[31mre''d'\r`)
    await eventually(() => ada.tail(terminal).includes('red'))
    const before = visible(ada, terminal)
    await stage.stopRunner()

    await stage.startRunner()
    const again = await stage.page('ada')
    await again.attach(terminal, size)
    await eventually(() => again.shown(terminal).includes('red'))

    expect(visible(again, terminal)).toEqual(before)
  })
})

function visible(page: Page, terminal: number): object {
  const emulator = fresh()
  feedEmulator(emulator, page.of(terminal).snaps.at(-1)?.bytes ?? new Uint8Array(0))
  feedEmulator(emulator, Buffer.concat(page.of(terminal).bytes))
  const { active } = emulator.buffer
  const lines = Array.from({ length: size.rows - 1 }, (_, row) =>
    active.getLine(active.baseY + row)?.translateToString(true),
  )
  return { lines, promised: promised(emulator) }
}
