// A file that is read in the middle of somebody's write: what is neither the old text nor the new is not believed.
import { expect, test } from 'vitest'
import type { Files } from '../../../runner/documents/ports.ts'
import { startSession } from './session.ts'

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
