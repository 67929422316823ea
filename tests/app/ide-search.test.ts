// Search and quick open in the page: what is asked, read, and called off; which files come first.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { bestPaths } from '../../app/ide/commands/best-paths.ts'
import { createSearch, type Search } from '../../app/ide/search/search.ts'
import type { SearchQuery } from '../../protocol/search.ts'
import { eventually } from '../support/eventually.ts'

const query = (text: string): SearchQuery => ({ text, regex: false, caseSensitive: false, wholeWord: false })
const match = { line: 1, column: 2, length: 3, text: 'x', at: 0 }
const doors = { current: () => Promise.resolve({ runner: 'http://runner', token: 't' }) } as never
let search: Search
let asked: { url: string; text: string; signal: AbortSignal }[]
let answer: () => Response

beforeEach(() => {
  asked = []
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    const { text } = JSON.parse(String(init.body)) as SearchQuery
    asked.push({ url, text, signal: init.signal as AbortSignal })
    return Promise.resolve(answer())
  })
  search = createSearch(doors)
})
afterEach(() => {
  search.dispose()
  vi.unstubAllGlobals()
})

/** Pieces as they may come: lines cut anywhere. */
function pieces(...parts: string[]): Response {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const part of parts) controller.enqueue(encoder.encode(part))
      controller.close()
    },
  })
  return new Response(body)
}

test('W-12 places are shown as they come, whatever pieces they come in, with how many there are', async () => {
  const one = JSON.stringify({ path: 'a.js', matches: [match] })
  const two = JSON.stringify({ path: 'ü.js', matches: [match, { ...match, line: 9 }] })
  answer = () =>
    pieces(one.slice(0, 9), `${one.slice(9)}\n${two}`, `\n{"done":true,"files":5,"stopped":null}\n`)

  search.ask(query('x'))

  await eventually(() => search.state.get().step === 'done')
  expect(search.state.get()).toMatchObject({
    places: 3,
    found: [{ path: 'a.js' }, { path: 'ü.js' }],
    stopped: null,
  })
})

test('W-12 only the last of what was typed is asked, and the one before is called off', async () => {
  answer = () => new Response(new ReadableStream())
  search.ask(query('n'))
  search.ask(query('ne'))
  search.ask(query('nee'))
  await eventually(() => asked.length === 1)

  search.ask(query('need'))
  await eventually(() => asked.length === 2)

  expect(asked.map(({ text, signal }) => [text, signal.aborted])).toEqual([
    ['nee', true],
    ['need', false],
  ])
  search.ask(query(''))
  expect(asked[1]?.signal.aborted).toBe(true)
  expect(search.state.get()).toMatchObject({ step: 'idle', places: 0 })
})

test('W-12 a refusal is said in its words, and an answer that was cut off is no “nothing found”', async () => {
  answer = () =>
    new Response(
      JSON.stringify({ error: { code: 'bad-input', say: 'This regular expression is not valid.' } }),
      {
        status: 400,
      },
    )
  search.ask(query('('))
  await eventually(() => search.state.get().step === 'failed')
  expect(search.state.get()).toMatchObject({ say: 'This regular expression is not valid.' })

  answer = () => pieces('')
  search.ask(query('x'))
  await eventually(() => search.state.get().step === 'failed')
  expect(search.state.get()).toMatchObject({ say: expect.stringContaining('cut off') })
})

test('quick open ranks a fitting name before a fitting folder, and knows letters in their order', () => {
  const paths = ['main/deep/other.txt', 'src/main.py', 'src/domain.py', 'a/b/c/m_a_i_n.txt', 'README.md']
  const entries = new Map(paths.map((path) => [path, { kind: 'file' as const }]))

  expect(bestPaths(entries, 'main')[0]).toBe('src/main.py')
  expect(bestPaths(entries, 'main')).not.toContain('README.md')
  expect(bestPaths(entries, 'rdm')[0]).toBe('README.md')
  expect(bestPaths(entries, 'sdom')).toEqual(['src/domain.py'])
  expect(bestPaths(entries, '')).toHaveLength(5)
  expect(bestPaths(new Map([['folder', { kind: 'folder' as const }]]), 'f')).toEqual([])
})
