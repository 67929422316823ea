// What a person chose to upload, single files and whole folders, as paths with their files. It sends nothing.
import { AppError } from '../../../protocol/errors.ts'

/** `path` begins with the name of the chosen file or folder. */
export type Chosen = { path: string; file: File }

/** Files of one choice: more are a dependency folder that nobody meant, and would hold the page for minutes. */
export const mostFiles = 2000

/** From a picker; one of folders tells each file's path in it. */
export function chosenIn(list: FileList | null): Chosen[] {
  return atMost([...(list ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })))
}

/** From a drop. The browser forgets what was dropped after this turn, so that it is all taken hold of first. */
export async function chosenFrom(dropped: DataTransfer): Promise<Chosen[]> {
  const entries = [...dropped.items].flatMap((item) => item.webkitGetAsEntry() ?? [])
  if (entries.length === 0) return [...dropped.files].map((file) => ({ path: file.name, file }))
  const chosen: Chosen[] = []
  for (const entry of entries) await gather(entry, entry.name, chosen)
  return chosen
}

async function gather(entry: FileSystemEntry, path: string, into: Chosen[]): Promise<void> {
  if (isFile(entry)) into.push({ path, file: await fileOf(entry) })
  else if (isFolder(entry))
    for (const inner of await contentOf(entry)) await gather(inner, `${path}/${inner.name}`, into)
  atMost(into)
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

function atMost(chosen: Chosen[]): Chosen[] {
  if (chosen.length <= mostFiles) return chosen
  throw new AppError('too-large', {
    say: `This holds more than ${mostFiles} files, so nothing was uploaded. Leave out folders such as node_modules, or upload a part.`,
  })
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((done, fail) => entry.file(done, () => fail(unreadable(entry.name))))
}

/** A browser gives a folder's content in pieces; an empty piece is the end. */
async function contentOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((done, fail) =>
      reader.readEntries(done, () => fail(unreadable(folder.name))),
    )
    if (piece.length === 0) return all
    all.push(...piece)
  }
}

function unreadable(name: string): AppError {
  return new AppError('unavailable', { say: `${name} could not be read, so nothing was uploaded.` })
}
