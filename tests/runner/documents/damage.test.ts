// Damage inside the log: what lies before it and what snapshots hold is served, the rest is kept aside and told, and
// nothing that is written afterwards is taken for something old.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeRecord, segmentHeadBytes } from '../../../runner/documents/records.ts'
import { startRunner } from '../../../runner/start.ts'
import { eventually, newFolders, startSession, type Folders } from './session.ts'
import { newSetting } from './running.ts'

/** Flips one byte in the payload of the record with this number. */
function damage(folders: Folders, seq: number): void {
  const folder = join(folders.state, 'log')
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name))
    let at = segmentHeadBytes
    for (let read = decodeRecord(bytes, at); read; read = decodeRecord(bytes, at)) {
      if (read.record.seq === seq) {
        bytes[read.next - 1]! ^= 0xff
        writeFileSync(join(folder, name), bytes)
        return
      }
      at = read.next
    }
  }
  throw new Error(`no record ${seq}`)
}

test('W-10 damage in the middle: the text before it is served, the rest is kept aside, later edits survive a start', async () => {
  const first = await startSession()
  await first.put('a.txt', 'seed\n')
  const page = await first.join('a.txt')
  for (const word of ['one\n', 'two\n', 'three\n']) page.text.insert(0, word)
  first.log.flush()
  first.crash()
  damage(first.folders, first.log.seq - 1)

  const second = await startSession({ folders: first.folders, generation: 2 })
  const again = await second.join('a.txt')
  expect(again.text.toString()).toBe('one\nseed\n')
  expect(second.log.damage).toMatch(/damaged in the middle of 1-0/)
  expect(readdirSync(join(first.folders.state, 'log'))).toContain('1-0.cut')
  // The numbers behind the damage are not given again.
  expect(second.log.seq).toBeGreaterThanOrEqual(first.log.seq)
  again.text.insert(0, 'later\n')
  await second.stop()

  const third = await startSession({ folders: first.folders, generation: 3 })
  expect((await third.join('a.txt')).text.toString()).toBe('later\none\nseed\n')
})

test('W-10 C-2 damage behind which files were written: a new epoch, so that pages double nothing', async () => {
  const first = await startSession()
  await first.put('a.txt', 'seed\n')
  const page = await first.join('a.txt')
  page.text.insert(0, 'one\n')
  first.log.flush()
  const broken = first.log.seq
  page.text.insert(0, 'two\n')
  await first.documents.materialise('test')
  page.text.insert(0, 'three\n')
  first.log.flush()
  first.crash()
  damage(first.folders, broken + 1)

  const second = await startSession({ folders: first.folders, generation: 2 })
  const again = await second.join('a.txt')

  expect(again.text.toString()).toBe('two\none\nseed\n')
  expect(again.id).toBe(page.id)
  expect(again.epoch).not.toBe(page.epoch)
  await expect(second.documents.ofRoom(page.id, page.epoch)).rejects.toMatchObject({ code: 'wrong-epoch' })
  await second.stop()
  const third = await startSession({ folders: first.folders, generation: 3 })
  const later = await third.join('a.txt')
  expect([later.epoch, later.text.toString()]).toEqual([again.epoch, 'two\none\nseed\n'])
})

test('W-9 W-10 damage elsewhere, a tool that wrote while nobody looked, and an edit that was not written yet: both are there', async () => {
  const first = await startSession()
  await first.put('b.txt', 'b\n')
  await first.put('a.txt', 'seed\n')
  const b = await first.join('b.txt')
  const page = await first.join('a.txt')
  page.text.insert(0, 'logged\n')
  b.text.insert(0, 'broken')
  const broken = first.log.seq
  b.text.insert(0, 'whole')
  first.log.flush()
  first.crash()
  damage(first.folders, broken)
  await first.put('a.txt', 'seed\ntool\n')

  const second = await startSession({ folders: first.folders, generation: 2 })
  expect((await second.join('a.txt')).text.toString()).toBe('logged\nseed\ntool\n')
})

test('W-10 what a snapshot holds is served whole, however damaged the log before it is', async () => {
  const first = await startSession()
  await first.put('a.txt', '')
  await first.put('b.txt', 'b\n')
  const [a, b] = [await first.join('a.txt'), await first.join('b.txt')]
  for (let i = 0; i < 600; i += 1) a.text.insert(0, 'x')
  await first.documents.materialise('test')
  b.text.insert(0, 'more ')
  first.log.flush()
  first.crash()
  damage(first.folders, 20)

  const second = await startSession({ folders: first.folders, generation: 2 })
  // Who has a.txt begun is in the log before the damage; its text is in the snapshot.
  expect((await second.join('a.txt')).text.toString()).toBe('x'.repeat(600))
  expect((await second.join('b.txt')).text.toString()).toBe('b\n')
  expect(second.log.damage).not.toBe(null)
})

test('W-10 damage at every place of a small log: no start fails, and what comes later is never lost', async () => {
  const first = await startSession()
  await first.put('a.txt', 'seed\n')
  const page = await first.join('a.txt')
  for (const word of ['one\n', 'two\n']) page.text.insert(0, word)
  first.log.flush()
  first.crash()
  const whole = readFileSync(join(first.folders.state, 'log', '1-0'))

  for (let at = 0; at < whole.length; at += 23) {
    const folders = await newFolders()
    const bytes = Buffer.from(whole)
    bytes[at]! ^= 0x55
    mkdirSync(join(folders.state, 'log'))
    writeFileSync(join(folders.state, 'log', '1-0'), bytes)
    writeFileSync(join(folders.workspace, 'a.txt'), 'seed\n')
    const session = await startSession({ folders, generation: 2 })
    const again = await session.join('a.txt')
    again.text.insert(0, `later ${at}\n`)
    const text = again.text.toString()
    await session.log.sync()
    session.crash()
    const next = await startSession({ folders, generation: 3 })
    expect((await next.join('a.txt')).text.toString()).toBe(text)
  }
})

test('an alarm stands in the runner’s health, and pages are told in words', async () => {
  const setting = await newSetting()
  const { launch } = setting
  writeFileSync(join(launch.workspace, 'a.txt'), 'seed\n')
  const before = await startSession({ folders: launch })
  const page = await before.join('a.txt')
  for (const word of ['one\n', 'two\n', 'three\n']) page.text.insert(0, word)
  before.log.flush()
  before.crash()
  damage(launch, before.log.seq - 1)

  const runner = await startRunner({ ...launch, generation: 2 })
  expect(runner.health().alarm).toMatch(/damaged/)
  await eventually('pages are told', () => setting.relay.last('hello')?.alarm?.includes('look over') === true)
  await runner.close()
  await setting.close()
})
