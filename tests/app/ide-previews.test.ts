// What a page makes of ports and previews: what it tells, asks, and shows again by itself.
import { beforeEach, expect, test, vi } from 'vitest'
import { portsWords } from '../../app/ide/preview/open-preview.ts'
import { createPreviews, type PreviewParts, type Previews } from '../../app/ide/preview/previews.ts'
import type { Live } from '../../app/ide/link/live.ts'
import { createStore } from '../../app/ide/store.ts'
import { AppError } from '../../protocol/errors.ts'
import { mostPorts, type OpenPort, type Preview } from '../../protocol/preview.ts'
import { eventually } from '../support/eventually.ts'

const origin = 'http://two-sum-abcdef--3000.localhost:7070'
const previewOf = (port: number): Preview => ({ port, origin, url: `${origin}/enter`, visibility: 'members' })
let tell: (ports: OpenPort[]) => void
let asked: { port: number; to: string; plain: boolean }[]
let answer: (port: number) => Promise<Preview>
let previews: Previews
let found: number[]

beforeEach(() => {
  asked = []
  found = []
  answer = (port) => Promise.resolve(previewOf(port))
  let hear: (list: unknown) => void = () => undefined
  const ports = {
    on: (_event: string, listener: (list: unknown) => void) => (hear = listener),
    off: () => undefined,
  }
  tell = (list) => hear({ ports: list })
  const parts: PreviewParts = {
    live: createStore<Live | null>({ ports } as never),
    ask: (wish) => {
      asked.push(wish)
      return answer(wish.port)
    },
    share: () => Promise.resolve(),
  }
  previews = createPreviews(parts)
  previews.onFound(({ port }) => found.push(port))
  return () => previews.dispose()
})

const shown = (): Promise<unknown> => eventually(() => previews.shown.get()?.step === 'shown')

test('P-1 a port that was there before the page came is listed without a word, a new one is told once', () => {
  tell([{ port: 80, program: 'a' }])
  tell([
    { port: 80, program: 'a' },
    { port: 3000, program: 'node' },
  ])
  tell([
    { port: 80, program: 'a' },
    { port: 3000, program: 'node' },
  ])

  expect(previews.ports.get()).toHaveLength(2)
  expect(found).toEqual([3000])
})

test('P-1 the shown page comes anew when its program was started again', async () => {
  tell([{ port: 3000, program: 'node' }])
  previews.open(3000, '/deep')
  await shown()
  tell([])
  expect(previews.shown.get()).toMatchObject({ port: 3000, step: 'shown' })

  tell([{ port: 3000, program: 'node' }])

  await eventually(() => asked.length === 2)
  expect(asked[1]).toMatchObject({ port: 3000, to: '/deep' })
})

test('P-2 a preview that has no login any more is asked for once, and not again and again', async () => {
  previews.open(3000)
  await shown()
  previews.heard('http://evil.example', 'refused')
  expect(asked).toHaveLength(1)

  previews.heard(origin, 'refused')
  await shown()
  previews.heard(origin, 'refused')

  expect(asked).toHaveLength(2)
})

test('P-8 a browser that does not reach a host of its own gets a port of the front door instead, from then on', async () => {
  vi.useFakeTimers()
  try {
    previews.open(3000)
    await vi.advanceTimersByTimeAsync(7_000)
    expect(asked.map(({ plain }) => plain)).toEqual([false, true])
    previews.heard(origin, 'entered')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked).toHaveLength(2)
  } finally {
    vi.useRealTimers()
  }
})

test('a preview that is refused says why, and a late answer changes nothing that was closed', async () => {
  answer = () =>
    Promise.reject(new AppError('not-running', { say: 'This REPL is not running. Start it first.' }))
  previews.open(3000)
  await eventually(() => previews.shown.get()?.step === 'failed')
  expect(previews.shown.get()).toMatchObject({ say: 'This REPL is not running. Start it first.' })

  let late: (preview: Preview) => void = () => undefined
  answer = () => new Promise((done) => (late = done))
  previews.open(3000)
  previews.close()
  late(previewOf(3000))
  await Promise.resolve()

  expect(previews.shown.get()).toBeNull()
})

test('P-1 as many ports as are told of at most may be more, and that is said', () => {
  expect([2, mostPorts - 1, mostPorts].map(portsWords)).toEqual(['2 ports', '63 ports', '64 or more ports'])
})
