// Properties of the text half of the workspace: the codec gives bytes back, the diff leads where it says.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decode, encode, type TextForm } from '../../runner/workspace/codec.ts'
import { applyChanges, type Change } from '../../runner/workspace/changes.ts'
import { diff } from '../../runner/workspace/diff.ts'

const seed = 20250611
const piece = fc.constantFrom(
  'a',
  'b',
  'let x = 1',
  ' ',
  '\t',
  '}',
  '😀',
  '😁',
  'é',
  '中',
  '\n',
  '\n',
  '  foo(bar)',
)
const plainText = fc.array(piece, { maxLength: 60 }).map((parts) => parts.join(''))
const rawText = fc
  .array(fc.oneof(piece, fc.constantFrom('\r', '\r\n', '\n')), { maxLength: 60 })
  .map((parts) => parts.join(''))
const anyText = fc.string({ unit: 'grapheme', maxLength: 200 })

/** `before` after some edits a person or a tool could make: replaced, removed and doubled stretches. */
const edited = fc.tuple(
  fc.array(fc.oneof(plainText, anyText), { maxLength: 8 }).map((parts) => parts.join('\n')),
  fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(30), plainText), { maxLength: 6 }),
)

function withEdits(before: string, edits: readonly (readonly [number, number, string])[]): string {
  const units = Array.from(before)
  for (const [where, remove, insert] of edits) {
    units.splice(Math.floor(where * units.length), remove, ...Array.from(insert))
  }
  return units.join('')
}

const splits = (text: string, at: number) =>
  /[\ud800-\udbff]/.test(text.charAt(at - 1)) && /[\udc00-\udfff]/.test(text.charAt(at))

function checkChanges(before: string, after: string): Change[] {
  const changes = diff(before, after)
  expect(applyChanges(before, changes)).toBe(after)
  let end = -1
  for (const change of changes) {
    expect(change.at).toBeGreaterThan(end)
    expect(change.remove + change.insert.length).toBeGreaterThan(0)
    expect(splits(before, change.at) || splits(before, change.at + change.remove)).toBe(false)
    expect(change.insert).not.toMatch(/\p{Surrogate}/u)
    end = change.at + change.remove
  }
  return changes
}

test('W-5 a diff leads from one text to the other, ascending and on whole characters', () => {
  fc.assert(
    fc.property(edited, ([before, edits]) => void checkChanges(before, withEdits(before, edits))),
    { seed, numRuns: 3000 },
  )
  fc.assert(
    fc.property(
      fc.oneof(plainText, anyText),
      fc.oneof(plainText, anyText),
      (a, b) => void checkChanges(a, b),
    ),
    { seed, numRuns: 3000 },
  )
})

/** Bytes of `text` in each encoding and with each mark that a file may have. */
function bytesOf(text: string, encoding: TextForm['encoding'], bom: boolean): Uint8Array {
  const marked = (bom || encoding !== 'utf8' ? '\ufeff' : '') + text
  const bytes = Buffer.from(marked, encoding === 'utf8' ? 'utf8' : 'utf16le')
  return encoding === 'utf16be' ? bytes.swap16() : bytes
}

const encodings = fc.constantFrom<TextForm['encoding']>('utf8', 'utf16le', 'utf16be')

test('W-2 every valid file comes back byte for byte, lone CR, marks and UTF-16 included', () => {
  fc.assert(
    fc.property(rawText, encodings, fc.boolean(), (raw, encoding, bom) => {
      const bytes = bytesOf(raw, encoding, bom)
      const decoded = decode(bytes)
      if (decoded.kind === 'binary') throw new Error('text was taken for binary')
      expect(decoded.text).not.toContain('\r')
      const form: TextForm = JSON.parse(JSON.stringify(decoded.form))
      expect(Buffer.from(encode(decoded.text, form)).equals(bytes)).toBe(true)
      expect(Buffer.from(encode(decoded.text, form, bytes)).equals(bytes)).toBe(true)
    }),
    { seed, numRuns: 3000 },
  )
})

test('W-2 any bytes are either text that comes back whole or binary', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const decoded = decode(bytes)
      if (decoded.kind === 'text')
        expect(Buffer.from(encode(decoded.text, decoded.form)).equals(bytes)).toBe(true)
    }),
    { seed, numRuns: 5000 },
  )
})

test('W-2 whatever is typed, the written file reads as the same text, in the same encoding', () => {
  fc.assert(
    fc.property(rawText, edited, encodings, (raw, [, edits], encoding) => {
      const bytes = bytesOf(raw, encoding, false)
      const decoded = decode(bytes)
      if (decoded.kind === 'binary') throw new Error('text was taken for binary')
      const typed = withEdits(decoded.text, edits)
      for (const previous of [bytes, undefined]) {
        const again = decode(encode(typed, decoded.form, previous))
        expect(again.kind === 'text' && again.text).toBe(typed)
        expect(again.kind === 'text' && again.form.encoding).toBe(encoding)
      }
    }),
    { seed, numRuns: 3000 },
  )
})
