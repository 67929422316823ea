// What an upload would do: which files are new here and which stand in the way, and the words that ask. It sends nothing by itself.
import { nameOf } from '../../../protocol/paths.ts'
import type { TreeEntry } from '../../../protocol/tree.ts'
import { shownName } from '../../ui/shown-name.ts'
import type { Chosen } from './chosen.ts'

export type Upload = { path: string; file: File }

/** More names than this in one question are not read. */
const namedAtMost = 5

export function uploadsInto(folder: string, chosen: readonly Chosen[]): Upload[] {
  return chosen.map(({ path, file }) => ({ path: folder === '' ? path : `${folder}/${path}`, file }))
}

/** A folder of that name is no file to replace: the REPL refuses it in words. */
export function partUploads(
  uploads: Upload[],
  entries: ReadonlyMap<string, TreeEntry>,
): { fresh: Upload[]; taken: Upload[] } {
  const isTaken = ({ path }: Upload): boolean => (entries.get(path)?.kind ?? 'folder') !== 'folder'
  return { fresh: uploads.filter((upload) => !isTaken(upload)), taken: uploads.filter(isTaken) }
}

/** One after the other, so that a failure names its file and the rest is not half done. */
export async function uploadAll(
  send: (path: string, file: Blob) => Promise<void>,
  uploads: Upload[],
): Promise<void> {
  for (const { path, file } of uploads) await send(path, file)
}

/** What is asked before files of these names are written over. */
export function replaceWords(taken: Upload[]): { what: string; say: string } {
  const names = taken.map(({ path }) => shownName(nameOf(path)))
  const [only] = names
  if (only !== undefined && names.length === 1) {
    return {
      what: only,
      say: `${only} is here already, and others may be in it. Your file takes the place of its content for everybody.`,
    }
  }
  const more = names.length - namedAtMost
  const list = names.slice(0, namedAtMost).join(', ') + (more > 0 ? ` and ${more} more` : '')
  return {
    what: `${names.length} files`,
    say: `${list} are here already, and others may be in them. Your files take the place of their content for everybody.`,
  }
}
