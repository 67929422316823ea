// Sizes, words and small habits of the code; sizes and words warn, the rest fails.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { nodes, parse, root, sources, trackedFiles } from './sources.ts'
import type { Source } from './sources.ts'

const all = sources()
const ours = all.filter((source) => !source.path.startsWith('tests/'))

const lookAtLines = 250
const mostLines = 400
const mostFunctionLines = 60
const mostComponentLines = 120

/** A word that must not stand whole in this file. */
const whole = (...parts: string[]): string => parts.join('')

const lines = (text: string): number => text.split('\n').length

function warn(title: string, rows: string[]): void {
  if (rows.length > 0) console.warn(`${title}:\n  ${rows.join('\n  ')}`)
}

test('no module has more than 400 lines', () => {
  const sized = ours.map((source) => ({ path: source.path, count: lines(source.text) }))
  warn(
    'modules worth a look',
    sized
      .filter(({ count }) => count > lookAtLines && count <= mostLines)
      .map(({ path, count }) => `${path} ${count}`),
  )
  expect(sized.filter(({ count }) => count > mostLines)).toEqual([])
})

test('no function has more than 60 lines, no component more than 120', () => {
  const long = ours.flatMap((source) => longFunctions(source))
  expect(long).toEqual([])
})

function longFunctions(source: Source): string[] {
  const file = parse(source)
  return [...nodes(file)].flatMap((node) => {
    if (
      !ts.isFunctionDeclaration(node) &&
      !ts.isMethodDeclaration(node) &&
      !ts.isArrowFunction(node) &&
      !ts.isFunctionExpression(node)
    )
      return []
    const count = lines(node.getText(file))
    const isComponent = source.path.endsWith('.tsx')
    return count > (isComponent ? mostComponentLines : mostFunctionLines)
      ? [`${source.path}: ${count} lines at ${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`]
      : []
  })
}

test('functions take at most three parameters', () => {
  const wide = ours.flatMap((source) => {
    const file = parse(source)
    return [...nodes(file)].flatMap((node) =>
      (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) && node.parameters.length > 3
        ? [`${source.path}: ${node.name?.getText(file) ?? ''}`]
        : [],
    )
  })
  expect(wide).toEqual([])
})

test('every file opens with a sentence that says what it is responsible for', () => {
  const silent = all
    .filter((source) => !/^(#!.*\n)?\/\/ \S.{20,}/.test(source.text))
    .map((source) => source.path)
  expect(silent).toEqual([])
})

test('no any, and no as outside parsers beyond a handful', () => {
  const anys: string[] = []
  const casts: string[] = []
  for (const source of ours) {
    const file = parse(source)
    for (const node of nodes(file)) {
      if (node.kind === ts.SyntaxKind.AnyKeyword) anys.push(source.path)
      if (ts.isAsExpression(node) && node.type.getText(file) !== 'const')
        casts.push(`${source.path}: ${node.getText(file).slice(0, 80)}`)
    }
  }
  warn('casts', casts)
  expect(anys).toEqual([])
})

test('no default exports but Remix routes, no barrel files', () => {
  const mayDefault = /^app\/(routes\/|root\.tsx|routes\.ts|entry\.)|^[^/]+\.config\.ts$/
  const offenders = all.filter(
    (source) =>
      /^export default /m.test(source.text) &&
      !mayDefault.test(source.path) &&
      !source.path.startsWith('tests/'),
  )
  const barrels = ours.filter(
    (source) => /\/index\.tsx?$/.test(source.path) && /^export \* from/m.test(source.text),
  )
  expect([...offenders, ...barrels].map((source) => source.path)).toEqual([])
})

test('no Manager, Helper or Util', () => {
  const named = ours.flatMap((source) =>
    [
      ...source.text.matchAll(/\b(?:class|function|const|interface|type) (\w*(?:Manager|Helper|Utils?)\b)/g),
    ].map((match) => `${source.path}: ${match[1]}`),
  )
  expect(named).toEqual([])
})

test('words: one word per thing', () => {
  const never =
    /\b(?:class|function|const|interface|type) (\w*(?:[pP]roject|[wW]orkerPool|[tT]ty[A-Z]|[eE]ndpoint|[uU]serAccount|[sS]hareToken|[cC]ontainer(?!Query))\w*)/g
  const found = ours.flatMap((source) =>
    [...source.text.matchAll(never)].map((match) => `${source.path}: ${match[1]}`),
  )
  warn('words that the house has another word for', found)
  expect(found.length).toBeLessThan(25)
})

test('nothing is put off in a comment, no test is skipped or alone', () => {
  const marks = new RegExp(
    `\\b(${[whole('TO', 'DO'), whole('FIX', 'ME'), whole('XX', 'X'), whole('HA', 'CK')].join('|')})\\b`,
  )
  const skips = new RegExp(`\\b(it|test|describe)\\.(${[whole('on', 'ly'), whole('to', 'do')].join('|')})\\(`)
  const found = all.filter(
    (source) => marks.test(source.text) || (source.path.startsWith('tests/') && skips.test(source.text)),
  )
  expect(found.map((source) => source.path)).toEqual([])
})

test('versions are pinned exactly', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >
  const loose = ['dependencies', 'devDependencies', 'overrides'].flatMap((group) =>
    Object.entries(manifest[group] ?? {}).filter(
      ([, version]) => !/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    ),
  )
  expect(loose).toEqual([])
})

test('the project speaks of itself alone', () => {
  const foreign = new RegExp(
    [
      whole('/wo', 'rk/'),
      whole('/fa', 'rm/'),
      whole('\\.libr', 'ary'),
      whole('sub', 'agent'),
      whole('cla', 'ude'),
      whole('anthr', 'opic'),
    ].join('|'),
    'i',
  )
  const found = trackedFiles().filter(
    (path) =>
      path !== 'package-lock.json' &&
      !/\.(png|woff2?)$/.test(path) &&
      foreign.test(readFileSync(join(root, path), 'utf8')),
  )
  expect(found).toEqual([])
})
