// The page's half of the Enter rule: keys keep their order, and Enter never overtakes the page's own edits.
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createStore } from '../../app/ide/store.ts'
import { gaveUpWords, waitingWords } from '../../app/ide/terminal/arrival.ts'
import { InputGate } from '../../app/ide/terminal/input-gate.ts'
import { createTerminals } from '../../app/ide/terminal/terminals.ts'
import { AppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function gate(options: { offline?: boolean } = {}) {
  const unlogged = createStore(0)
  const sent: string[] = []
  const words: (string | null)[] = []
  const refused: string[] = []
  const input = new InputGate({
    unlogged,
    send: (bytes) => {
      if (options.offline)
        throw new AppError('unavailable', { say: 'You are offline, so this was not done.' })
      sent.push(new TextDecoder().decode(bytes))
    },
    waiting: (say) => words.push(say),
    refused: (say) => refused.push(say),
  })
  const type = (...keys: string[]): void => {
    for (const key of keys) input.type(new TextEncoder().encode(key))
  }
  return { unlogged, sent, words, refused, type }
}

/** Lets what was resolved run on; no clock moves. */
const settle = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(0)
}

test('T-7 with no edit on its way every key leaves at once', () => {
  const { sent, type } = gate()
  type('l', 's', '\r')
  expect(sent).toEqual(['l', 's', '\r'])
})

test('T-7 Enter waits for own edits, and all keys behind it keep their order', async () => {
  const { unlogged, sent, words, type } = gate()
  unlogged.set(2)
  type('l', 's', '\r', 'x', '\u0003')
  expect(sent).toEqual(['l', 's'])
  unlogged.set(1)
  await settle()
  expect(sent).toEqual(['l', 's'])
  unlogged.set(0)
  await settle()
  expect(sent).toEqual(['l', 's', '\r', 'x', '\u0003'])
  expect(words).toEqual([null])
})

test('T-7 a second Enter behind a held one waits for edits made meanwhile', async () => {
  const { unlogged, sent, type } = gate()
  unlogged.set(1)
  type('a\r', 'b', 'c\r')
  unlogged.set(0)
  unlogged.set(1)
  await settle()
  expect(sent).toEqual([])
  unlogged.set(0)
  await settle()
  expect(sent).toEqual(['a\r', 'b', 'c\r'])
})

test('T-7 after a short silence the page says what it waits for, and gives Enter back aloud when edits do not come', async () => {
  const { unlogged, sent, words, refused, type } = gate()
  unlogged.set(1)
  type('\r', 'y')
  await vi.advanceTimersByTimeAsync(limits.enterHoldMs)
  expect(words).toEqual([waitingWords])
  await vi.advanceTimersByTimeAsync(limits.enterGiveUpMs)
  expect(refused).toEqual([gaveUpWords])
  expect(words.at(-1)).toBeNull()
  unlogged.set(0)
  await settle()
  expect(sent).toEqual([])
  type('z')
  expect(sent).toEqual(['z'])
})

test('T-7 input while offline is refused aloud and never queued', () => {
  const { sent, refused, type } = gate({ offline: true })
  type('r', 'm')
  expect(sent).toEqual([])
  expect(refused).toHaveLength(2)
  expect(refused[0]).toContain('offline')
})

test('T-7 Run waits for own edits before it is sent', async () => {
  const unlogged = createStore(1)
  const emitWithAck = vi.fn(async () => ({ ok: true, terminal: 7 }))
  const socket = { connected: true, on: () => socket, off: () => socket, timeout: () => ({ emitWithAck }) }
  const live = createStore({ terminal: socket } as never)
  const terminals = createTerminals({ live, unlogged, refused: () => {} })
  onTestFinished(terminals.dispose)
  const started = terminals.start()
  await settle()
  expect(emitWithAck).not.toHaveBeenCalled()
  unlogged.set(0)
  expect(await started).toBe(7)
  expect(emitWithAck).toHaveBeenCalledWith('run', { cols: 100, rows: 24 })
})
