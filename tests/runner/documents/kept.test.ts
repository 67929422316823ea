// What an overtaken session left comes into the newer one: edits by their own updates, files beside what is there, nothing twice.
import { cp, mkdir, readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { concat, encodeFrame } from '../../../protocol/frames.ts'
import { logMagic } from '../../../protocol/objects.ts'
import { TookKept } from '../../../protocol/repl.ts'
import { besideName, takeKeptWork } from '../../../runner/kept.ts'
import { startRunner } from '../../../runner/start.ts'
import { confine } from '../../../runner/workspace/confine.ts'
import { ask, controlToken, newSetting } from './running.ts'
import { newFolders, startSession, type TestSession } from './session.ts'

const utf8 = new TextEncoder()

/** Bytes of each segment, and what came after them as the log object that parking puts away. */
async function sizes(state: string): Promise<Map<string, number>> {
  const names = await readdir(join(state, 'log'))
  const found = names.map(async (name) => [name, (await stat(join(state, 'log', name))).size] as const)
  return new Map(await Promise.all(found))
}
async function logSince(state: string, before: Map<string, number>): Promise<Uint8Array> {
  const pieces: { segment: string; at: number; bytes: number }[] = []
  const parts: Uint8Array[] = []
  for (const segment of (await sizes(state)).keys()) {
    if (!/^\d+-\d+$/.test(segment)) continue
    const at = before.get(segment) ?? 0
    const added = (await readFile(join(state, 'log', segment))).subarray(at)
    if (added.length === 0) continue
    pieces.push({ segment, at, bytes: added.length })
    parts.push(added)
  }
  return concat(logMagic, encodeFrame({ pieces }, concat(...parts)))
}

const frameOf = (log: Uint8Array, files: Record<string, Uint8Array>): Uint8Array =>
  encodeFrame({ of: 1, log: log.length }, concat(log, zipSync(files)))

const taking = (session: TestSession) => ({
  documents: session.documents,
  confined: confine(session.folders.workspace),
  stopping: () => false,
})

/** A session whose last second was not backed up, and the newer one that began without it. */
async function twoSessions(): Promise<{
  older: TestSession
  newer: TestSession
  log: () => Promise<Uint8Array>
}> {
  const folders = await newFolders()
  const older = await startSession({ folders })
  await older.put('main.py', 'one\n')
  const ada = await older.join('main.py')
  ada.text.insert(0, 'zero\n')
  await older.documents.putAway()
  const backup = await newFolders()
  for (const part of ['workspace', 'state'] as const)
    await cp(folders[part], backup[part], { recursive: true })
  const before = await sizes(folders.state)
  ada.text.insert(ada.text.length, 'typed too late\n')
  await older.documents.putAway()
  const newer = await startSession({ folders: backup, generation: 2 })
  return { older, newer, log: () => logSince(folders.state, before) }
}

test('F-10 edits that an overtaken session had not backed up come in once, beside those made since, on screens and on the disk', async () => {
  const { newer, log } = await twoSessions()
  const grace = await newer.join('main.py')
  grace.text.insert(0, 'written meanwhile\n')
  const frame = frameOf(await log(), { 'main.py': utf8.encode('zero\none\ntyped too late\n') })

  const took = await takeKeptWork(taking(newer), frame)
  const again = await takeKeptWork(taking(newer), frame)

  expect(took).toEqual({ edits: 1, files: 0, beside: 0 })
  expect(again).toEqual({ edits: 0, files: 0, beside: 0 })
  const whole = 'written meanwhile\nzero\none\ntyped too late\n'
  expect(grace.text.toString()).toBe(whole)
  expect(await newer.text('main.py')).toBe(whole)
})

test('F-10 a kept file takes its own place where nothing is, one of its own where something else is, and none where it is', async () => {
  const { newer } = await twoSessions()
  await mkdir(join(newer.folders.workspace, 'src'))
  await newer.put('src/taken.bin', 'newer')
  await newer.put('same.bin', 'same')
  const kept = {
    'src/taken.bin': utf8.encode('older'),
    'same.bin': utf8.encode('same'),
    'deep/new.bin': utf8.encode('only there'),
    '../outside.txt': utf8.encode('out'),
    '/etc/devex': utf8.encode('out'),
  }

  const took = await takeKeptWork(taking(newer), frameOf(new Uint8Array(0), kept))
  const again = await takeKeptWork(taking(newer), frameOf(new Uint8Array(0), kept))

  expect(took).toEqual({ edits: 0, files: 1, beside: 1 })
  expect(again).toEqual({ edits: 0, files: 0, beside: 0 })
  expect(await newer.text('src/taken.bin')).toBe('newer')
  expect(await newer.text('src/taken.session-1.bin')).toBe('older')
  expect(await newer.text('deep/new.bin')).toBe('only there')
  expect(await readdir(join(newer.folders.workspace, '..'))).not.toContain('outside.txt')
  expect(besideName('.profile', 2)).toBe('.profile.session-2')
})

test('F-10 edits of a history that is no more, and a damaged log, change no document; the file of both is put beside', async () => {
  const { newer, log } = await twoSessions()
  const whole = await log()
  const stranger = await startSession()
  await stranger.put('main.py', 'other\n')
  await (
    await stranger.join('main.py')
  ).doc
  const damaged = Buffer.from(whole)
  damaged.write('T', damaged.indexOf('typed too late'))
  const files = { 'main.py': utf8.encode('zero\none\ntyped too late\n') }

  const elsewhere = await takeKeptWork(taking(stranger), frameOf(whole, files))
  const torn = await takeKeptWork(taking(newer), frameOf(damaged, files))

  expect(elsewhere).toEqual({ edits: 0, files: 0, beside: 1 })
  expect(await stranger.text('main.py')).toBe('other\n')
  expect(torn.beside).toBe(1)
  expect(await newer.text('main.session-1.py')).toBe('zero\none\ntyped too late\n')
})

test('F-10 a zip that would unpack into more than our memory is refused in words, before anything is written; so is all at a stop', async () => {
  const { newer } = await twoSessions()
  const bomb = Buffer.from(frameOf(new Uint8Array(0), { 'a.bin': new Uint8Array(1) }))
  // What the zip's directory says of the unpacked size.
  bomb.writeUInt32LE(300 * 1024 * 1024, bomb.indexOf('PK\x01\x02', 0, 'latin1') + 24)

  await expect(takeKeptWork(taking(newer), bomb)).rejects.toMatchObject({ code: 'too-large' })
  const late = { ...taking(newer), stopping: () => true }
  await expect(takeKeptWork(late, frameOf(new Uint8Array(0), {}))).rejects.toMatchObject({
    code: 'read-only',
  })

  expect(await readdir(newer.folders.workspace)).not.toContain('a.bin')
})

test('A-2 F-10 kept work comes through the control door, for the orchestrator alone', async () => {
  const setting = await newSetting()
  const runner = await startRunner(setting.launch)
  const path = `/r/${setting.launch.repl}/control/kept`
  const frame = Buffer.from(frameOf(new Uint8Array(0), { 'kept.txt': utf8.encode('kept') }))
  try {
    const token = await controlToken(setting)
    const post = (bytes: Buffer, bearer: string) =>
      ask(setting.launch, {
        path,
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}` },
        body: bytes,
      })

    expect((await post(frame, 'nobody')).status).toBe(401)
    expect((await post(Buffer.from('garbage'), token)).status).toBe(400)
    const { status, body } = await post(frame, token)

    expect(status).toBe(200)
    expect(TookKept.parse(body)).toEqual({ edits: 0, files: 1, beside: 0 })
    expect(await readFile(join(setting.launch.workspace, 'kept.txt'), 'utf8')).toBe('kept')
  } finally {
    await runner.close()
    await setting.close()
  }
})
