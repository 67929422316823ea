// Files through documents: opened, edited, taken back, and edited by tools meanwhile, byte for byte.
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import type { Files } from '../../../runner/documents/ports.ts'
import { ada, startSession } from './session.ts'

const files: Record<string, Uint8Array> = {
  'lf.txt': Buffer.from('one\ntwo\n'),
  'crlf.txt': Buffer.from('one\r\ntwo\r\n'),
  'mixed.txt': Buffer.from('one\r\ntwo\nthree\r\n'),
  'bom.txt': Buffer.from('\ufeffone\r\ntwo'),
  'utf16.txt': Buffer.from('\ufeffone\ntwo\n', 'utf16le'),
  'emoji.txt': Buffer.from('👩‍👩‍👧 ünï\tcödé 𝕏\n'),
  'empty.txt': Buffer.alloc(0),
  'no-last-newline.txt': Buffer.from('a\nb'),
  'large.txt': Buffer.from('a line of a large file, with 日本語\n'.repeat(140_000)),
}

describe('byte for byte', () => {
  for (const [path, bytes] of Object.entries(files))
    test(`W-2 ${path} comes back byte for byte after an edit and its undoing`, async () => {
      const session = await startSession()
      await session.put(path, bytes)
      const page = await session.join(path)

      page.text.insert(0, 'edit')
      await session.documents.materialise('test')
      expect((await session.get(path)).equals(bytes)).toBe(false)

      page.text.delete(0, 4)
      await session.documents.materialise('test')
      expect((await session.get(path)).equals(bytes)).toBe(true)
      expect(session.documents.count.ingests).toBe(0)
    })
})

test('W-3 a binary file and a file above the limit are no documents and stay as they are', async () => {
  const session = await startSession()
  const binary = Buffer.from([0, 1, 2, 255, 254, 0])
  await session.put('a.bin', binary)
  await session.put('big.txt', Buffer.alloc(11 * 1024 * 1024, 'x'))

  expect(await session.documents.open('a.bin')).toMatchObject({ kind: 'binary', size: 6 })
  expect(await session.documents.open('big.txt')).toMatchObject({ kind: 'too-large' })

  expect((await session.get('a.bin')).equals(binary)).toBe(true)
  await expect(session.documents.open('none.txt')).rejects.toMatchObject({ code: 'not-found' })
  await expect(session.documents.open('../etc/passwd')).rejects.toMatchObject({ code: 'bad-path' })
})

test('W-5 a tool and a person change the same file, and both changes survive', async () => {
  const session = await startSession()
  await session.put('a.py', 'one\ntwo\nthree\n')
  const page = await session.join('a.py')

  page.text.insert(0, 'ada\n')
  await session.put('a.py', 'one\ntwo\nthree\ntool\n')
  await session.documents.changed(new Set(['a.py']))
  await session.documents.materialise('test')

  expect(await session.text('a.py')).toBe('ada\none\ntwo\nthree\ntool\n')
  expect(page.text.toString()).toBe('ada\none\ntwo\nthree\ntool\n')
})

test('C-11 W-9 after a stop and a start a document has its epoch, its history and its text', async () => {
  const first = await startSession()
  await first.put('a.py', 'seed\n')
  const before = await first.join('a.py')
  before.text.insert(5, 'more\n')
  await first.stop()

  const second = await startSession({ folders: first.folders, generation: 2 })
  const after = await second.join('a.py')

  expect([after.id, after.epoch]).toEqual([before.id, before.epoch])
  expect(await second.text('a.py')).toBe('seed\nmore\n')
  // A page that stayed open brings its whole history: nothing may be doubled.
  after.document.receive(Y.encodeStateAsUpdate(before.doc), ada)
  expect(after.document.text).toBe('seed\nmore\n')
})

test('W-9 what was logged and not yet written is in the file after a crash', async () => {
  const first = await startSession()
  await first.put('a.py', 'seed\n')
  const page = await first.join('a.py')
  page.text.insert(0, 'logged\n')
  first.log.flush()
  first.crash()

  const second = await startSession({ folders: first.folders })
  const again = await second.join('a.py')
  await second.documents.materialise('test')

  expect(again.epoch).toBe(page.epoch)
  expect(await second.text('a.py')).toBe('logged\nseed\n')
})

test('W-9 whether the runner dies before or after the rename, the next one reads every edit once', async () => {
  for (const when of ['before', 'after'] as const) {
    const dying = (files: Files): Files => ({
      ...files,
      write: async (path, bytes, still) => {
        if (when === 'after') await files.write(path, bytes, still)
        throw new Error('died')
      },
    })
    const first = await startSession({ faulty: dying })
    await first.put('a.py', 'one\n')
    const page = await first.join('a.py')
    for (const word of ['two\n', 'three\n']) {
      page.text.insert(0, word)
      await expect(first.documents.materialise('test')).rejects.toMatchObject({ code: 'internal' })
    }

    const second = await startSession({ folders: first.folders })
    const again = await second.join('a.py')
    await second.documents.materialise('test')
    expect(again.text.toString()).toBe('three\ntwo\none\n')
    expect(await second.text('a.py')).toBe('three\ntwo\none\n')
    expect(second.documents.count.ingests).toBe(0)
  }
})

test('W-9 an update that waits for another survives a crash and becomes text when that one comes', async () => {
  const first = await startSession()
  await first.put('a.py', 'one\n')
  const page = await first.join('a.py')
  const sent: Uint8Array[] = []
  const writer = new Y.Doc()
  Y.applyUpdate(writer, Y.encodeStateAsUpdate(page.doc))
  writer.on('update', (update: Uint8Array) => sent.push(update))
  writer.getText('content').insert(0, 'b')
  writer.getText('content').insert(0, 'a')
  page.document.receive(sent[1]!, ada)
  first.log.flush()
  expect(page.document.text).toBe('one\n')

  const second = await startSession({ folders: first.folders })
  const again = await second.join('a.py')
  again.document.receive(sent[0]!, ada)
  expect(again.document.text).toBe('abone\n')
})
