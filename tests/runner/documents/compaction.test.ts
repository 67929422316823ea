// The log does not grow for ever: what snapshots hold and the store has is removed, and a bloated history is left behind
// when nobody holds it.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Clock } from '../../../runner/documents/clock.ts'
import { eventually } from '../../support/eventually.ts'
import { startSession, type Folders } from './session.ts'

const segments = ({ state }: Folders): string[] =>
  readdirSync(join(state, 'log')).sort((a, b) => Number(a.split('-')[1]) - Number(b.split('-')[1]))

/** Time that a test moves: only what waits longer than a second waits for it. */
class Patience implements Clock {
  #waiting: Array<{ at: number; run: () => void }> = []
  #now = 0
  now = Date.now
  after = (ms: number, run: () => void): (() => void) => {
    if (ms <= 1000) {
      const timer = setTimeout(run, Math.min(ms, 20))
      return () => clearTimeout(timer)
    }
    const timer = { at: this.#now + ms, run }
    this.#waiting.push(timer)
    return () => (this.#waiting = this.#waiting.filter((other) => other !== timer))
  }
  pass(ms: number): void {
    this.#now += ms
    const due = this.#waiting.filter(({ at }) => at <= this.#now)
    this.#waiting = this.#waiting.filter(({ at }) => at > this.#now)
    for (const { run } of due) run()
  }
}

test('W-9 segments that snapshots cover go once they are shipped, never before, and nothing is lost', async () => {
  const session = await startSession({ segmentBytes: 2000 })
  const shipped = (seq: number): void => writeFileSync(join(session.folders.state, 'shipped'), `${seq}\n`)
  await session.put('a.txt', '')
  await session.put('quiet.txt', 'quiet\n')
  const quiet = await session.join('quiet.txt')
  quiet.text.insert(0, 'one early edit ')
  const page = await session.join('a.txt')
  shipped(0)
  for (let i = 0; i < 400; i += 1) {
    page.text.insert(page.text.length, `<${i}>`)
    if (i % 10 === 0) session.log.flush()
  }
  await session.documents.compact()
  const all = segments(session.folders)
  expect(all.length).toBeGreaterThan(10)
  expect(all[0]).toBe('1-0')

  shipped(Math.floor(session.log.seq / 2))
  await session.documents.compact()
  const half = segments(session.folders)
  expect(half.length).toBeLessThan(all.length)
  expect(half.length).toBeGreaterThan(3)
  shipped(session.log.seq)
  await session.documents.compact()
  expect(segments(session.folders)).toEqual([all.at(-1)])

  page.text.insert(0, 'after')
  session.log.flush()
  session.crash()
  const again = await startSession({ folders: session.folders })
  expect((await again.join('a.txt')).text.toString()).toBe(page.text.toString())
  expect((await again.join('quiet.txt')).text.toString()).toBe('one early edit quiet\n')
  expect((await again.join('quiet.txt')).epoch).toBe(quiet.epoch)
})

test('W-9 where nobody says what was shipped, the newest segments are kept', async () => {
  const session = await startSession({ segmentBytes: 1000 })
  await session.put('a.txt', '')
  const page = await session.join('a.txt')
  for (let i = 0; i < 300; i += 1) {
    page.text.insert(0, 'x')
    if (i % 5 === 0) session.log.flush()
  }
  await session.documents.compact()
  session.crash()

  expect(segments(session.folders)).toHaveLength(9)
  const again = await startSession({ folders: session.folders })
  expect((await again.join('a.txt')).text.toString()).toBe('x'.repeat(300))
})

test('W-9 a log that fills segment after segment compacts itself', async () => {
  const session = await startSession({ segmentBytes: 1000 })
  writeFileSync(join(session.folders.state, 'shipped'), `${Number.MAX_SAFE_INTEGER - 1}`)
  await session.put('a.txt', '')
  const page = await session.join('a.txt')
  for (let i = 0; i < 300; i += 1) {
    page.text.insert(0, 'x')
    if (i % 5 === 0) session.log.flush()
  }
  await eventually(() => segments(session.folders).length < 5)
})

test('C-2 C-11 a bloated history is left behind when nobody holds it: new epoch, same text, same id', async () => {
  const clock = new Patience()
  const session = await startSession({ clock })
  await session.put('a.txt', 'short\n')
  const page = await session.join('a.txt')
  for (let i = 0; i < 90; i += 1) {
    page.doc.transact(() => {
      for (let at = 0; at < 300; at += 1) page.text.insert(0, String.fromCharCode(97 + (at % 26)))
    })
    page.doc.transact(() => {
      for (let at = 0; at < 300; at += 2) page.text.delete((at / 2) | 0, 1)
    })
  }
  page.text.delete(0, page.text.length - 6)
  await session.documents.materialise('test')
  await session.documents.putAway()
  session.documents.leave(page.id)
  let isHeld = true
  session.documents.renewWhen(() => !isHeld)

  clock.pass(60_000)
  await eventually(() => session.documents.loaded(page.id) === undefined)
  expect((await session.documents.ofRoom(page.id, page.epoch)).text).toBe('short\n')
  isHeld = false
  const state = session.documents.loaded(page.id)?.state().update.length ?? 0
  if (state <= 256 * 1024) throw new Error(`the test makes no bloat: ${state}`)
  clock.pass(60_000)
  await eventually(() => session.documents.loaded(page.id)?.epoch !== page.epoch)

  await expect(session.documents.ofRoom(page.id, page.epoch)).rejects.toMatchObject({ code: 'wrong-epoch' })
  const anew = await session.join('a.txt')
  expect([anew.id, anew.text.toString()]).toEqual([page.id, 'short\n'])
  expect(anew.document.state().update.length).toBeLessThan(100)
  anew.text.insert(0, 'after ')
  session.log.flush()
  session.crash()
  const again = await startSession({ folders: session.folders, generation: 2 })
  const later = await again.join('a.txt')
  expect([later.epoch, later.text.toString()]).toEqual([anew.epoch, 'after short\n'])
})
