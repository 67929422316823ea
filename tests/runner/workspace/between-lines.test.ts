// What people put between two lines stays between two lines, whatever a tool does to the file at the same time.
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { changed, contentName } from '../../../runner/documents/document.ts'
import { diff } from '../../../runner/workspace/diff.ts'
import { seeded } from '../../support/seeded.ts'

/** A file's text as the runner last saw it, and the live text that people edit meanwhile. */
class Meeting {
  readonly #replica = new Y.Doc()
  readonly #live = new Y.Doc()

  constructor(before: string, clients: { tool: number; person: number }) {
    const base = new Y.Doc()
    base.getText(contentName).insert(0, before)
    this.#replica.clientID = clients.tool
    this.#live.clientID = clients.person
    for (const doc of [this.#replica, this.#live]) Y.applyUpdate(doc, Y.encodeStateAsUpdate(base))
  }

  get text(): string {
    return this.#live.getText(contentName).toString()
  }

  /** The file was found to hold `text`. */
  found(text: string): void {
    const before = this.#replica.getText(contentName).toString()
    Y.applyUpdate(this.#live, changed(this.#replica, diff(before, text)))
  }

  /** Somebody puts a line before the line that begins at `at`. */
  type(at: number, line: string): void {
    this.#live.getText(contentName).insert(at, `${line}\n`)
  }
}

const written = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')
const sorted = (lines: readonly string[]): string[] => lines.toSorted()
const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '')
const beginnings = (text: string): number[] => [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]

test('W-5 a file that is read while a tool writes it in place tears no line, and puts none inside another', () => {
  const old = ['person 1 line 12', 'tool line 795', 'person 0 line 33', 'person 2 line 797', 'tool line 801']
  const after = ['tool line 1211', ...old]
  // The tool's write is half done: its own beginning, and from there the old file, a line's length further on.
  const cut = written(after).indexOf('5\nperson 0')
  const torn = written(after).slice(0, cut) + written(old).slice(cut)

  for (const clients of [
    { tool: 1, person: 2 },
    { tool: 2, person: 1 },
  ]) {
    const meeting = new Meeting(written(old), clients)
    meeting.type(written(old).indexOf('person 0'), 'person 2 line 1210')
    meeting.found(torn)
    meeting.found(written(after))

    expect(sorted(linesOf(meeting.text))).toEqual(sorted([...after, 'person 2 line 1210']))
  }
})

test('W-5 whole lines of people survive whole, at whatever byte a file is read that grows or shrinks', () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const random = seeded(seed)
    let count = 700 + random(90)
    const line = (): string =>
      `${['tool', 'person 1', 'person 2'][random(3)]} line ${(count += 1 + random(9))}`
    const old = Array.from({ length: 3 + random(20) }, line)
    const after = [...old]
    for (let more = random(3); more >= 0; more -= 1) after.splice(random(after.length + 1), 0, line())
    const cut = random(written(old).length)
    const halves = [written(old).slice(cut), '']
    const meeting = new Meeting(
      written(old),
      random(2) === 0 ? { tool: 1, person: 2 } : { tool: 2, person: 1 },
    )
    const typed = Array.from({ length: random(3) }, line)
    for (const one of typed) {
      const places = beginnings(meeting.text)
      meeting.type(places[random(places.length)] ?? 0, one)
    }
    meeting.found(written(after).slice(0, cut) + (halves[random(2)] ?? ''))
    meeting.found(written(after))

    expect(sorted(linesOf(meeting.text)), `seed ${seed}`).toEqual(sorted([...after, ...typed]))
  }
})

test('W-5 a line put at the end stays at the end when a tool rewrites every line before it', () => {
  const lines = (word: string): string =>
    Array.from({ length: 40 }, (_, line) => `${word} ${line}\n`).join('')
  for (const clients of [
    { tool: 1, person: 2 },
    { tool: 2, person: 1 },
  ]) {
    const meeting = new Meeting(lines('other'), clients)
    meeting.type(lines('other').length, 'ada after')
    meeting.found(`ada before\n${lines('main')}`)

    expect(meeting.text).toBe(`ada before\n${lines('main')}ada after\n`)
  }
})

test('W-5 a formatter that joins two lines keeps what somebody types into them in its place', () => {
  const meeting = new Meeting('call(\n  first,\n  second\n)\n', { tool: 1, person: 2 })
  meeting.type('call(\n  first,\n'.length, '  between,')
  meeting.found('call(first, second)\n')

  expect(meeting.text.replace(/\s+/g, '')).toBe('call(first,between,second)')
})

test('W-5 a line put before one whose beginning a tool rewrites stays before it', () => {
  for (const clients of [
    { tool: 1, person: 2 },
    { tool: 2, person: 1 },
  ]) {
    const meeting = new Meeting('one\nlet value = compute(1)\n', clients)
    meeting.type(4, 'mine')
    meeting.found('one\nconst value = compute(1)\n')

    expect(meeting.text).toBe('one\nmine\nconst value = compute(1)\n')
  }
})
