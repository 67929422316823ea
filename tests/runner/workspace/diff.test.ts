// Small, right changes between two versions of a text.
import { expect, test } from 'vitest'
import { applyChanges } from '../../../runner/workspace/changes.ts'
import { diff } from '../../../runner/workspace/diff.ts'

/** A program of `count` lines, no two alike but for braces and blanks. */
const program = (count: number) =>
  Array.from({ length: count }, (_, line) =>
    line % 5 === 4
      ? '}'
      : line % 7 === 6
        ? ''
        : `  const value${line} = call(value${line - 1}, ${line * 37})`,
  ).join('\n')

/** Share of the old text that no change touches. */
function kept(before: string, after: string): number {
  const changes = diff(before, after)
  expect(applyChanges(before, changes)).toBe(after)
  return 1 - changes.reduce((sum, { remove }) => sum + remove, 0) / before.length
}

test('W-5 a change is as small as what was changed', () => {
  expect(diff('let a = 1', 'let ab = 1')).toEqual([{ at: 5, remove: 0, insert: 'b' }])
  expect(diff('a\nb\nc\n', 'a\nc\n')).toEqual([{ at: 2, remove: 2, insert: '' }])
  expect(diff('', 'new')).toEqual([{ at: 0, remove: 0, insert: 'new' }])
  expect(diff('old', '')).toEqual([{ at: 0, remove: 3, insert: '' }])
  expect(diff('same', 'same')).toEqual([])
})

test('W-5 emoji with the same first half are replaced whole', () => {
  expect(diff('hi 😀!', 'hi 😁!')).toEqual([{ at: 3, remove: 2, insert: '😁' }])
})

test('W-5 a tool that touches every line leaves what it did not change', () => {
  const before = program(3000)
  const lines = before.split('\n')

  expect(kept(before, lines.map((line) => (line === '' ? line : `    ${line}`)).join('\n'))).toBeGreaterThan(
    0.95,
  )
  expect(kept(before, before.replace(/^ {2}/gm, '\t'))).toBeGreaterThan(0.9)
  expect(kept(before, before.replaceAll('value', 'amount'))).toBeGreaterThan(0.7)
  expect(kept(before, lines.map((line) => `${line};`).join('\n'))).toBeGreaterThan(0.95)
  expect(kept(before, before.replace(/, /g, ',\n      '))).toBeGreaterThan(0.95)
})

test('W-5 a moved block is one removal and one insertion', () => {
  const lines = program(3000).split('\n')
  const moved = [...lines.slice(0, 200), ...lines.slice(900), ...lines.slice(200, 900)].join('\n')

  expect(diff(lines.join('\n'), moved).length).toBeLessThanOrEqual(4)
  expect(kept(lines.join('\n'), moved)).toBeGreaterThan(0.7)
})

test('W-5 every second line rewritten leaves the others alone', () => {
  const lines = program(2000).split('\n')
  const after = lines.map((line, index) => (index % 2 ? line : `return ${index * 7919}`)).join('\n')

  expect(kept(lines.join('\n'), after)).toBeGreaterThan(0.45)
})

test('W-5 columns changed in every row leave the other columns alone', () => {
  const table = (add: number) =>
    Array.from(
      { length: 2000 },
      (_, row) => `${row % 7},${(row * 31) % 1000},name${row % 50},${((row * 13) % 90) + add}`,
    )

  expect(kept(table(0).join('\n'), table(100).join('\n'))).toBeGreaterThan(0.7)
})

test('W-5 unrelated text is one replacement, not a thousand crumbs', () => {
  const other = Array.from(
    { length: 3000 },
    (_, line) => `${(line * 7919).toString(36)} ${line.toString(2)}`,
  ).join('\n')

  expect(diff(program(3000), other).length).toBeLessThanOrEqual(2)
})

test('W-5 a whole line that was put in is found as that line, whatever its neighbours begin or end with', () => {
  const at = (before: string, after: string) => diff(before, after)

  expect(at('line 17\n', 'line 15\nline 17\n')).toEqual([{ at: 0, remove: 0, insert: 'line 15\n' }])
  expect(at('line 355\n', 'line 355\nline 795\n')).toEqual([{ at: 9, remove: 0, insert: 'line 795\n' }])
  expect(at('a\nline 15\nline 17\n', 'a\nline 17\n')).toEqual([{ at: 2, remove: 8, insert: '' }])
})
