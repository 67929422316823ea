// The picture that a late joiner gets, against those who watched from the beginning: seeded streams, cut everywhere.
import { describe, expect, test } from 'vitest'
import { feedEmulator, newEmulator, type Emulator } from '../../../runner/terminals/emulator.ts'
import { Mirror, scrollbackLines } from '../../../runner/terminals/mirror.ts'
import { Tape } from '../../../runner/terminals/tape.ts'
import { seeded } from '../box/seeded.ts'
import { portrait, stream } from './streams.ts'

const size = { cols: 24, rows: 6 }
const none = new Uint8Array(0)

function fresh(of = size): Emulator {
  return newEmulator({ ...of, scrollback: scrollbackLines })
}

/** What somebody sees who joins behind `cut` bytes of the tape. */
function joinAt(tape: Tape, cut: number): Emulator {
  const mirror = new Mirror({ ...tape.sizeAt(0), prelude: none })
  while (mirror.feed(tape, cut)) continue
  const { cols, rows, bytes } = mirror.paint(tape)
  mirror.dispose()
  const late = fresh({ cols, rows })
  feedEmulator(late, bytes)
  return late
}

/** The screen of somebody who joins behind `cut` bytes, against that of somebody who saw all. */
function compare(bytes: Buffer, cut: number): void {
  const tape = new Tape(1024 * 1024, size)
  tape.append(0, bytes.subarray(0, cut))
  const late = joinAt(tape, cut)
  feedEmulator(late, bytes.subarray(cut))
  const witness = fresh()
  feedEmulator(witness, bytes)
  expect(portrait(late), `cut at ${cut} of ${JSON.stringify(bytes.toString('latin1'))}`).toEqual(
    portrait(witness),
  )
  for (const each of [late, witness]) each.dispose()
}

describe('a picture of a screen', () => {
  test('T-3 and the rest show what all bytes show, over seeded streams', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seeded(seed)
      const bytes = stream(random, 20 + random.below(120), size)
      compare(bytes, random.below(bytes.length))
    }
  })

  test('T-3 also when it is taken in the middle of a character or of a sequence, at every byte', () => {
    for (let seed = 1000; seed < 1010; seed++) {
      const bytes = stream(seeded(seed), 10, size)
      for (let cut = 0; cut <= bytes.length; cut++) compare(bytes, cut)
    }
  })

  test('T-3 also when the size changed on the way', () => {
    for (let seed = 2000; seed < 2040; seed++) {
      const random = seeded(seed)
      const tape = new Tape(1024 * 1024, size)
      const witness = fresh()
      for (let part = 0; part < 4; part++) {
        const bytes = stream(random, 25, size)
        feedEmulator(witness, bytes)
        tape.append(tape.next, bytes)
        const now = { cols: 10 + random.below(30), rows: 3 + random.below(8) }
        if (part === 3) break
        witness.resize(now.cols, now.rows)
        tape.resize({ offset: tape.next, ...now })
      }
      const late = joinAt(tape, tape.next)
      // Resizing reflows soft wraps that reach above what a picture holds; what is on the screen is what counts.
      expect(onScreen(late), `stream ${seed}`).toEqual(onScreen(witness))
      late.dispose()
      witness.dispose()
    }
  })

  test('output that would throw inside of the emulator is drawn, and fells nobody', () => {
    const erasesUpToTheLastCell = '\u001b[?1049hleft\u001b[6;24Hx\u001b[1J'
    const emulator = fresh()

    feedEmulator(emulator, Buffer.from(erasesUpToTheLastCell))

    expect(portrait(emulator)).toMatchObject({ alternate: ['', '', '', '', '', ''] })
    emulator.dispose()
  })
})

function onScreen(terminal: Emulator): object {
  const { cols, rows, buffer } = terminal
  const lines = Array.from({ length: rows }, (_, row) =>
    buffer.active
      .getLine(buffer.active.baseY + row)
      ?.translateToString(true, 0, cols)
      .trimEnd(),
  )
  return { cols, rows, lines, cursor: [buffer.active.cursorX, buffer.active.cursorY] }
}
