// Every rule of the wire has a test that cites it, and every cited rule exists.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, sources } from './sources.ts'

const readme = readFileSync(join(root, 'protocol/README.md'), 'utf8')
const stated = new Set([...readme.matchAll(/\*\*([RCWTFAPS]-\d+)\*\*/g)].map((match) => match[1]))
const titles = sources()
  .filter((source) => /\.test\.tsx?$/.test(source.path) || source.path.startsWith('tests/exams/'))
  .flatMap((source) =>
    [...source.text.matchAll(/(?:test|it)(?:\.each\([^)]*\))?\(\s*(['"`])(.*?)\1/gs)].map(
      (match) => match[2] ?? '',
    ),
  )
const cited = new Set(titles.flatMap((title) => title.match(/\b[RCWTFAPS]-\d+\b/g) ?? []))

test('every rule id has a test', () => {
  expect([...stated].filter((id) => id !== undefined && !cited.has(id))).toEqual([])
})

test('every cited rule id is stated in protocol/README.md', () => {
  expect([...cited].filter((id) => !stated.has(id))).toEqual([])
})
