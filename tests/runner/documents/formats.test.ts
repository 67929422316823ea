// Our own files' formats, held by golden bytes: a later build must open what this one wrote.
import { readFile, readdir, writeFile, appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pino } from 'pino'
import { systemDisk } from '../../../runner/disk.ts'
import { systemClock } from '../../../runner/documents/clock.ts'
import { crc32c } from '../../../runner/documents/crc32c.ts'
import { encodeIntent, decodeIntent } from '../../../runner/documents/intent.ts'
import { Log } from '../../../runner/documents/log.ts'
import {
  decodeRecord,
  decodeSegmentHead,
  encodeRecord,
  encodeSegmentHead,
  recordKind,
  type LogRecord,
} from '../../../runner/documents/records.ts'
import { decodeSnapshot, encodeSnapshot, type Snapshot } from '../../../runner/documents/snapshot.ts'
import { eventually } from '../../support/eventually.ts'
import { newFolders, startSession } from './session.ts'

const doc = 'abcdefghijklmnop'
const author = 'adaadaadaadaadaa'
const record: LogRecord = {
  kind: recordKind.update,
  doc,
  seq: 7,
  time: 1_795_000_000_000,
  author,
  payload: Uint8Array.of(1, 2, 3),
}
const goldenHead = '4456584c4f4700010000000000000007'
const goldenRecord =
  '00000034d30f1c24016162636465666768696a6b6c6d6e6f700000000000000007000001a1ee565e0061646161646161646161646161646161010203'

const goldenSnapshot =
  'RFZYU05BUAG3YuBhAAABRnsiZG9jIjoiYWJjZGVmZ2hpamtsbW5vcCIsImVwb2NoIjoiMDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYiLCJzZXEiOjksImRpc2siOnsidXBUbyI6NywiYWxzbyI6WzldLCJzaGEyNTYiOiJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiIiwiZm9ybSI6eyJib20iOmZhbHNlLCJlbmNvZGluZyI6InV0ZjgiLCJlb2wiOiJsZiJ9fSwiZWFybGllciI6WyJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiIl0sInN0YXRlQnl0ZXMiOjJ9AQID'

test('the checksum is CRC-32C: the check value of its definition', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
})

test('golden bytes of the log: a segment’s head and a record', () => {
  expect(Buffer.from(encodeSegmentHead(7)).toString('hex')).toBe(goldenHead)
  expect(decodeSegmentHead(Buffer.from(goldenHead, 'hex'))).toBe(7)
  expect(Buffer.from(encodeRecord(record)).toString('hex')).toBe(goldenRecord)
  expect(decodeRecord(Buffer.from(goldenRecord, 'hex'), 0)?.record).toEqual({
    ...record,
    payload: Buffer.from([1, 2, 3]),
  })
})

test('golden bytes of an intent and of a snapshot', () => {
  const intent = {
    upTo: 7,
    also: [9],
    sha256: 'ab'.repeat(32),
    form: { bom: false, encoding: 'utf8', eol: 'lf' },
  } as const
  const goldenIntent = `{"upTo":7,"also":[9],"sha256":"${'ab'.repeat(32)}","form":{"bom":false,"encoding":"utf8","eol":"lf"}}`
  expect(Buffer.from(encodeIntent({ ...intent, also: [9] })).toString()).toBe(goldenIntent)
  expect(decodeIntent(Buffer.from(goldenIntent))).toEqual(intent)

  const snapshot: Snapshot = {
    doc,
    epoch: '00112233445566778899aabbccddeeff',
    seq: 9,
    disk: { ...intent, also: [9] },
    earlier: ['ab'.repeat(32)],
    state: Uint8Array.of(1, 2),
    replica: Uint8Array.of(3),
  }
  const golden = encodeSnapshot(snapshot)
  expect(Buffer.from(golden.subarray(0, 8)).toString('hex')).toBe('445658534e415001')
  expect(Buffer.from(golden).toString('base64')).toBe(goldenSnapshot)
  const opened = decodeSnapshot(Buffer.from(goldenSnapshot, 'base64'))
  expect({ ...opened, state: [...opened.state], replica: [...(opened.replica ?? [])] }).toEqual({
    ...snapshot,
    state: [1, 2],
    replica: [3],
  })
})

test('a snapshot with one wrong bit is nothing, never something else', () => {
  const golden = Buffer.from(goldenSnapshot, 'base64')
  for (let at = 0; at < golden.length; at += 1) {
    const damaged = Buffer.from(golden)
    damaged[at]! ^= 1
    expect(() => decodeSnapshot(damaged)).toThrow()
  }
})

test('golden bytes of the register of documents', async () => {
  const session = await startSession()
  await session.put('a.py', 'x')
  const { id, epoch } = await session.join('a.py')
  await session.stop()

  const folded: unknown = JSON.parse(await readFile(join(session.folders.state, 'documents.json'), 'utf8'))
  expect(folded).toEqual({
    format: 'devex-documents',
    version: 1,
    seq: 3,
    from: 4,
    documents: [{ doc: id, epoch, path: 'a.py' }],
  })
})

const quiet = pino({ level: 'silent' })
const openLog = (folder: string, found: (record: LogRecord) => void) =>
  Log.open({ folder, generation: 1, clock: systemClock, logger: quiet, from: 1, found, disk: systemDisk })

test('W-10 wherever the log is torn, every record before it is there and it goes on after it', async () => {
  const { state: folder } = await newFolders()
  const log = await openLog(folder, () => undefined)
  for (let i = 0; i < 3; i += 1)
    log.append({ kind: recordKind.update, doc, author, payload: Uint8Array.of(i, i) })
  await log.close()
  const [name] = await readdir(folder)
  const whole = await readFile(join(folder, name!))
  const recordBytes = (whole.length - 16) / 3

  for (let cut = 16; cut < whole.length; cut += 5) {
    const { state: torn } = await newFolders()
    await writeFile(join(torn, name!), whole.subarray(0, cut))
    const seen: number[] = []
    const again = await openLog(torn, (found) => seen.push(found.seq))
    const whole_ = Math.floor((cut - 16) / recordBytes)
    expect(seen).toEqual([1, 2, 3].slice(0, whole_))
    expect(again.append({ kind: recordKind.update, doc, author, payload: Uint8Array.of(9) })).toBe(whole_ + 1)
    await again.close()
    const after: number[] = []
    await (await openLog(torn, (found) => after.push(found.seq))).close()
    expect(after).toEqual([1, 2, 3].slice(0, whole_).concat(whole_ + 1))
  }
})

test('W-10 damage in the middle cuts the rest, keeps it beside, and the segments after it are read', async () => {
  const { state: folder } = await newFolders()
  const first = await openLog(folder, () => undefined)
  for (let i = 0; i < 3; i += 1)
    first.append({ kind: recordKind.update, doc, author, payload: Uint8Array.of(i) })
  await first.close()
  const path = join(folder, '1-0')
  const bytes = await readFile(path)
  bytes[bytes.length - 20]! ^= 0xff
  await writeFile(path, bytes)
  await appendFile(path, 'more')

  const seen: number[] = []
  const again = await openLog(folder, (found) => seen.push(found.seq))
  await again.close()

  expect(seen).toEqual([1, 2])
  expect((await readdir(folder)).sort()).toEqual(['1-0', '1-0.cut'])
})

test('C-6 nothing is told to be saved before its fdatasync has come back', async () => {
  const { state: folder } = await newFolders()
  let release: () => void = () => undefined
  let asked = 0
  const log = await Log.open({
    folder,
    generation: 1,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    from: 1,
    found: () => undefined,
    disk: {
      ...systemDisk,
      create: (path, head) => ({
        ...systemDisk.create(path, head),
        sync: () => new Promise<void>((back) => ((asked += 1), (release = back))),
      }),
    },
  })
  const told: string[] = []
  log.listen({ logged: (seq) => told.push(`logged ${seq}`), saved: (seq) => told.push(`saved ${seq}`) })

  log.append({ kind: recordKind.update, doc, author, payload: Uint8Array.of(1) })
  await eventually(() => asked === 1)
  expect(told).toEqual(['logged 1'])
  log.append({ kind: recordKind.update, doc, author, payload: Uint8Array.of(2) })
  log.flush()
  release()
  await eventually(() => asked === 2)
  expect(told).toEqual(['logged 1', 'logged 2', 'saved 1'])
  release()
  await eventually(() => told.at(-1) === 'saved 2')
  const closing = log.close()
  release()
  await closing
})

test('a disk that refuses holds edits back, and everything is saved once it takes them again', async () => {
  const { state: folder } = await newFolders()
  let refuses = false
  const log = await Log.open({
    folder,
    generation: 1,
    clock: { now: Date.now, after: (ms, run) => systemClock.after(Math.min(ms, 20), run) },
    logger: pino({ level: 'silent' }),
    from: 1,
    found: () => undefined,
    disk: {
      ...systemDisk,
      create: (path, head) => {
        if (refuses) throw new Error('ENOSPC')
        const file = systemDisk.create(path, head)
        const sync = () => (refuses ? Promise.reject(new Error('EIO')) : file.sync())
        return { ...file, sync }
      },
    },
  })
  const troubles: Array<string | null> = []
  log.listen({ trouble: (why) => troubles.push(why) })
  const give = (byte: number) =>
    log.append({ kind: recordKind.update, doc, author, payload: Uint8Array.of(byte) })
  give(1)
  await log.sync()

  refuses = true
  give(2)
  await expect(log.sync()).rejects.toThrow()
  give(3)
  expect(troubles[0]).toMatch(/takes no edits/)
  refuses = false
  await eventually(() => log.saved === 3)

  expect(troubles.at(-1)).toBe(null)
  expect(log.recordsOf(doc, 0).map(({ payload }) => payload[0])).toEqual([1, 2, 3])
  await log.close()
  const seen: number[] = []
  const again = await openLog(folder, (found) => seen.push(found.seq))
  expect(seen).toEqual([1, 2, 3])
  await again.close()
})
