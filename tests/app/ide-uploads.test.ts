// What is asked before an upload writes over a file, and what is sent without a question.
import { expect, test } from 'vitest'
import { chosenFrom, chosenIn, mostFiles } from '../../app/ide/files/chosen.ts'
import { partUploads, replaceWords, uploadsInto } from '../../app/ide/files/uploads.ts'
import type { TreeEntry } from '../../protocol/tree.ts'

const entries = new Map<string, TreeEntry>(
  [
    { path: 'src', kind: 'folder' as const },
    { path: 'src/main.py', kind: 'file' as const },
    { path: 'src/data', kind: 'folder' as const },
  ].map((entry) => [entry.path, { ...entry, size: 1, mtime: 1 }]),
)
const files = (...paths: string[]) =>
  paths.map((path) => ({ path, file: new File(['x'], path.slice(path.lastIndexOf('/') + 1)) }))
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

test('a folder is uploaded below its own name, and files in it that exist are asked about', () => {
  const { taken, fresh } = partUploads(uploadsInto('', files('src/main.py', 'src/deep/new.py')), entries)

  expect([pathsOf(taken), pathsOf(fresh)]).toEqual([['src/main.py'], ['src/deep/new.py']])
  expect(pathsOf(uploadsInto('docs', files('src/a.md')))).toEqual(['docs/src/a.md'])
})

/** A dropped folder as a browser gives it: its content in pieces. */
function folderEntry(name: string, content: object[]): object {
  return {
    name,
    isFile: false,
    isDirectory: true,
    createReader: () => {
      const pieces = [content.slice(0, 1), content.slice(1), []]
      return { readEntries: (give: (entries: object[]) => void) => give(pieces.shift() ?? []) }
    },
  }
}
const fileEntry = (name: string): object => ({
  name,
  isFile: true,
  isDirectory: false,
  file: (give: (file: File) => void) => give(new File(['x'], name)),
})
const dropped = (...entries: object[]): DataTransfer =>
  ({ items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })), files: [] }) as never

test('a dropped folder is read whole, whatever pieces the browser gives it in', async () => {
  const inner = folderEntry('inner', [fileEntry('c'), fileEntry('d')])
  const drop = dropped(folderEntry('src', [fileEntry('a'), fileEntry('b'), inner]), fileEntry('beside'))

  const chosen = await chosenFrom(drop)

  expect(chosen.map(({ path }) => path)).toEqual(['src/a', 'src/b', 'src/inner/c', 'src/inner/d', 'beside'])
})

test('a folder with too many files is refused in words, and nothing of it is sent', async () => {
  const many = Array.from({ length: mostFiles + 1 }, (_, index) => fileEntry(`f${index}`))

  await expect(chosenFrom(dropped(folderEntry('node_modules', many)))).rejects.toMatchObject({
    code: 'too-large',
    say: expect.stringContaining('nothing was uploaded'),
  })
  expect(chosenIn(null)).toEqual([])
})
