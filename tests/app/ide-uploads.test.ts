// What is asked before an upload writes over a file, and what is sent without a question.
import { expect, test } from 'vitest'
import { partUploads, replaceWords, uploadsInto } from '../../app/ide/files/uploads.ts'
import type { TreeEntry } from '../../protocol/tree.ts'

const entries = new Map<string, TreeEntry>(
  [
    { path: 'src', kind: 'folder' as const },
    { path: 'src/main.py', kind: 'file' as const },
    { path: 'src/data', kind: 'folder' as const },
  ].map((entry) => [entry.path, { ...entry, size: 1, mtime: 1 }]),
)
const files = (...names: string[]) => names.map((name) => new File(['x'], name))
const pathsOf = (uploads: { path: string }[]) => uploads.map(({ path }) => path)

test('an upload asks about files that exist in its folder, and about no others', () => {
  const inSrc = partUploads(uploadsInto('src', files('main.py', 'new.py', 'data')), entries)
  expect(pathsOf(inSrc.taken)).toEqual(['src/main.py'])
  expect(pathsOf(inSrc.fresh)).toEqual(['src/new.py', 'src/data'])
  expect(partUploads(uploadsInto('', files('main.py')), entries).taken).toEqual([])
})

test('the question names the file and says that others may be in it', () => {
  const one = replaceWords(uploadsInto('src', files('main.py')))
  expect(one.what).toBe('main.py')
  expect(one.say).toMatch(/main\.py is here already, and others may be in it/)
  const many = replaceWords(uploadsInto('', files('a', 'b', 'c', 'd', 'e', 'f', 'g')))
  expect(many.what).toBe('7 files')
  expect(many.say).toMatch(/^a, b, c, d, e and 2 more are here already/)
})
