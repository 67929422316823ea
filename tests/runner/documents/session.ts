// A session's documents on real files, without sockets: what the tests of this folder begin with.
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import * as Y from 'yjs'
import { onTestFinished } from 'vitest'
import { systemClock, type Clock } from '../../../runner/documents/clock.ts'
import type { Files } from '../../../runner/documents/ports.ts'
import type { LiveDocument } from '../../../runner/documents/document.ts'
import { systemDisk } from '../../../runner/disk.ts'
import type { Disk } from '../../../runner/durable.ts'
import { openMemory, type Memory } from '../../../runner/memory.ts'
import { confine } from '../../../runner/workspace/confine.ts'
import { filesOf } from '../../../runner/workspace/files.ts'

/** Bytes: small, for many sessions are begun. */
const testReserveBytes = 256 * 1024
export const ada = 'aaaaaaaaaaaaaaaa'
export const grace = 'gggggggggggggggg'

export type Folders = { workspace: string; state: string }

export async function newFolders(): Promise<Folders> {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'devex-documents-')))
  onTestFinished(() => rm(base, { recursive: true, force: true }))
  const folders = { workspace: join(base, 'workspace'), state: join(base, 'state') }
  await mkdir(folders.workspace)
  await mkdir(folders.state)
  return folders
}

export type TestSession = Memory & {
  folders: Folders
  put(path: string, content: string | Uint8Array): Promise<void>
  get(path: string): Promise<Buffer>
  text(path: string): Promise<string>
  /** Opens `path` and joins it as a page does. */
  join(path: string): Promise<Peer>
  /** Ends in order. */
  stop(): Promise<void>
  /** From now on nothing of it touches the disk any more, as after kill -9. */
  crash(): void
}

export async function startSession(
  given: {
    folders?: Folders
    clock?: Clock
    generation?: number
    faulty?: (files: Files) => Files
    disk?: Disk
    segmentBytes?: number
    mostCharacters?: number
  } = {},
): Promise<TestSession> {
  const folders = given.folders ?? (await newFolders())
  let dead = false
  const real = filesOf(confine(folders.workspace))
  const sound: Files = {
    ...real,
    write: (...to) => (dead ? Promise.reject(new Error('this session was killed')) : real.write(...to)),
  }
  const files = given.faulty?.(sound) ?? sound
  const logger = pino({ level: process.env['DEVEX_LOG'] ?? 'silent' })
  const living = given.clock ?? systemClock
  const clock: Clock = {
    now: () => living.now(),
    after: (ms, run) => living.after(ms, () => dead || run()),
  }
  const segment = given.segmentBytes === undefined ? {} : { segmentBytes: given.segmentBytes }
  const most = given.mostCharacters === undefined ? {} : { mostCharacters: given.mostCharacters }
  const memory = await openMemory(
    { state: folders.state, generation: given.generation ?? 1 },
    {
      files,
      clock,
      logger,
      disk: given.disk ?? systemDisk,
      reserveBytes: testReserveBytes,
      ...segment,
      ...most,
    },
  )
  let stopped = false
  const end = async (): Promise<void> => {
    stopped = true
    await memory.documents.close()
    await memory.log.close()
  }
  onTestFinished(async () => {
    if (!stopped) await end()
  })
  const inside = (path: string): string => join(folders.workspace, path)
  return {
    ...memory,
    folders,
    put: (path, content) => writeFile(inside(path), content),
    get: (path) => readFile(inside(path)),
    text: (path) => readFile(inside(path), 'utf8'),
    join: async (path) => {
      const opened = await memory.documents.open(path)
      if (opened.kind !== 'text') throw new Error(`${path} is ${opened.kind}`)
      return peerOf(memory, await memory.documents.enter(opened.doc, opened.epoch))
    },
    crash: () => void (dead = true),
    stop: async () => {
      await memory.documents.putAway()
      await end()
    },
  }
}

/** A page in small: its own Y.Doc, edits sent at once, changes of the runner taken at once. */
export type Peer = { id: string; epoch: string; doc: Y.Doc; text: Y.Text; document: LiveDocument }

function peerOf(memory: Memory, document: LiveDocument): Peer {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(document.live), 'runner')
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== 'runner') document.receive(update, ada)
  })
  memory.documents.listen({
    merged: (changed, { update }) => {
      if (changed.id === document.id) Y.applyUpdate(doc, update, 'runner')
    },
  })
  return { id: document.id, epoch: document.epoch, doc, text: doc.getText('content'), document }
}

/** Polls until `holds` gives true; fails with what it was about after 10 seconds. */
export async function eventually(about: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${about}`)
    await new Promise((resume) => setTimeout(resume, 10))
  }
}

/** A small seeded generator (mulberry32): the same number, the same story. */
export function seeded(start: number): (below: number) => number {
  let state = start >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
