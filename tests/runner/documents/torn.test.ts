// A file that is read in the middle of somebody's write: what is neither the old text nor the new is not believed.
import { writeFileSync } from 'node:fs'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { systemClock } from '../../../runner/documents/clock.ts'
import type { Files } from '../../../runner/documents/ports.ts'
import { eventually } from '../../support/eventually.ts'
import { newFolders, startSession } from './session.ts'

/** The next reading of a file gives `bytes` instead, as one that came in the middle of a write. */
class TornReading {
  next: Uint8Array | null = null

  readonly around = (files: Files): Files => ({
    ...files,
    read: async (path) => {
      const { bytes, stat } = await files.read(path)
      const torn = this.next
      this.next = null
      return { bytes: torn ?? bytes, stat }
    },
  })
}

test('W-5 a reading that comes in the middle of a write is made again, and never reaches a page', async () => {
  const reading = new TornReading()
  const session = await startSession({ faulty: reading.around })
  const lines = ['tool line 795', 'person 0 line 33', 'person 2 line 797', '']
  await session.put('a.txt', lines.join('\n'))
  const page = await session.join('a.txt')
  const seen = new Set<string>()
  page.doc.on('update', () => seen.add(page.text.toString()))

  const after = ['tool line 1211', ...lines].join('\n')
  const cut = after.indexOf('5\nperson 0')
  reading.next = Buffer.from(after.slice(0, cut) + lines.join('\n').slice(cut))
  await session.put('a.txt', after)
  await session.documents.changed(new Set(['a.txt']))

  expect([...seen]).toEqual([after])
})

test('W-5 a document that is opened again while its file is being written keeps what stands in it', async () => {
  let readings = 0
  let tornMost = 0
  const faulty = (files: Files): Files => ({
    ...files,
    read: async (path) => {
      const { bytes, stat } = await files.read(path)
      readings += 1
      return { bytes: readings <= tornMost ? new Uint8Array(0) : bytes, stat }
    },
  })
  const session = await startSession()
  await session.put('a.txt', 'one\ntwo\n')
  const page = await session.join('a.txt')
  const atTwo = Y.createRelativePositionFromTypeIndex(page.text, 'one\n'.length)
  await session.stop()

  // The first reading tells that it is text; from the second the document comes into memory.
  tornMost = 2
  const later = await startSession({ folders: session.folders, faulty })
  await later.put('a.txt', 'zero\none\ntwo\n')
  const again = await later.join('a.txt')

  await eventually(() => again.text.toString() === 'zero\none\ntwo\n')
  expect(readings).toBeGreaterThan(tornMost)
  expect(later.documents.count.ingests).toBe(1)
  expect(Y.createAbsolutePositionFromRelativePosition(atTwo, again.doc)?.index).toBe('zero\none\n'.length)
})

test('W-5 a write in the tick of the last one, unseen because our turn came late, is seen at the next look', async () => {
  let lateMs = 0
  const folders = await newFolders()
  const file = join(folders.workspace, 'a.txt')
  const written = new Date()
  const write = async (text: string): Promise<void> => {
    writeFileSync(file, text)
    await utimes(file, written, written)
  }
  const faulty = (files: Files): Files => ({
    ...files,
    read: async (path) => {
      const content = await files.read(path)
      if (lateMs === 0) await write('new\n')
      lateMs = 1000
      return content
    },
  })
  const clock = { ...systemClock, now: () => written.getTime() + lateMs }
  const session = await startSession({ folders, faulty, clock })
  await write('old\n')

  const page = await session.join('a.txt')

  await session.documents.changed(new Set(['a.txt']))
  expect(page.text.toString()).toBe('new\n')
})
