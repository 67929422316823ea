// Progress events on their way through the app: whole, in order, with a sign of life, and ended with their reader.
import { expect, test } from 'vitest'
import { relayEvents } from '../../../app/services/progress.server.ts'
import { eventually } from '../../support/eventually.ts'

function source() {
  let held: ReadableStreamDefaultController<Uint8Array>
  const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (held = controller) })
  return {
    stream,
    push: (text: string) => held.enqueue(new TextEncoder().encode(text)),
    pushBytes: (bytes: Uint8Array) => held.enqueue(bytes),
    end: () => held.close(),
    fail: () => held.error(new Error('gone')),
  }
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  const out: string[] = []
  const decoder = new TextDecoder()
  for await (const piece of stream) out.push(decoder.decode(piece, { stream: true }))
  return out
}

test('R-5 events come whole and in order however the bytes are cut', async () => {
  const api = source()
  const events = ['id: 1\ndata: {"say":"Ada’s file"}', 'event: repl\ndata: {}', 'id: 2\ndata: 😀']
  const bytes = new TextEncoder().encode(events.map((event) => `${event}\n\n`).join(''))
  for (const byte of bytes) api.pushBytes(new Uint8Array([byte]))
  api.end()

  const text = (await collect(relayEvents({ source: api.stream, onClose: () => {} }))).join('')
  expect(text.split('\n\n').filter((part) => part !== '' && part !== ': here')).toEqual(events)
})

test('a sign of life never falls into an event', async () => {
  const api = source()
  const pieces: string[] = []
  const relayed = relayEvents({ source: api.stream, onClose: () => {}, signOfLifeEveryMs: 5 })
  const reading = collect(
    relayed.pipeThrough(
      new TransformStream({
        transform: (piece, out) => {
          pieces.push(new TextDecoder().decode(piece))
          out.enqueue(piece)
        },
      }),
    ),
  )
  api.push('id: 1\nda')
  await eventually(() => pieces.filter((piece) => piece === ': here\n\n').length >= 3)
  api.push('ta: x\n\n')
  api.end()

  const text = (await reading).join('')
  expect(text).toContain('id: 1\ndata: x\n\n')
})

test('a reader that leaves ends the way to the API, and a broken API ends the stream', async () => {
  const left = source()
  let closed = 0
  await relayEvents({ source: left.stream, onClose: () => closed++ }).cancel()
  expect(closed).toBe(1)

  const broken = source()
  const reading = collect(relayEvents({ source: broken.stream, onClose: () => closed++ }))
  broken.fail()
  expect((await reading).join('')).toBe(': here\n\n')
  expect(closed).toBe(2)
})
