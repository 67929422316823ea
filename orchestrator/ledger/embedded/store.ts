// The embedded ledger's file on disk: opened whole, appended durably, rewritten when it has grown. Knows no conflicts.
import { open, readFile, rename, truncate, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fsyncFolder, writeWhole } from '../../disk.ts'
import type { Entry } from '../ledger.ts'
import { decodeLines, encodeLine, type Line } from './lines.ts'

/** Below this many bytes a rewrite saves nothing worth a rename. */
const rewriteFromBytes = 1024 * 1024
/** The file is rewritten when it is this many times as long as its living records. */
const rewriteRatio = 4

export type Store = {
  append(lines: Line[], after: ReadonlyMap<string, Entry>): Promise<void>
  close(): Promise<void>
}

export type Opened = { store: Store; entries: Map<string, Entry>; counter: number }

/** Opens or begins the file at `path`; a torn tail is cut off. */
export async function openStore(path: string): Promise<Opened> {
  const bytes = await readFile(path).catch(() => null)
  const found = bytes === null || bytes.length === 0 ? null : decodeLines(bytes)
  if (bytes !== null && found !== null && found.goodBytes < bytes.length)
    await truncate(path, found.goodBytes)
  const entries = new Map<string, Entry>()
  for (const line of found?.lines ?? []) apply(entries, line)
  const counter = Math.max(found?.heading.counter ?? 0, found?.lines.at(-1)?.v ?? 0)
  if (found === null) await writeWhole(path, whole(entries, counter))
  return { store: await appender(path), entries, counter }
}

export function apply(entries: Map<string, Entry>, line: Line): void {
  if (line.gone === true) entries.delete(line.k)
  else entries.set(line.k, { key: line.k, version: line.v, value: line.d })
}

function whole(entries: ReadonlyMap<string, Entry>, counter: number): string {
  const lines = [...entries.values()].map((entry) =>
    encodeLine({ k: entry.key, v: entry.version, d: entry.value }),
  )
  return encodeLine({ format: 'devex-ledger', version: 1, counter }) + lines.join('')
}

async function appender(path: string): Promise<Store> {
  let file = await open(path, 'a', 0o600)
  let bytes = (await file.stat()).size
  let liveBytes = bytes
  let isDoubtful = false

  /** Begins a new file from memory: after growth, and after a failed write, whose file is never trusted again. */
  async function rewrite(entries: ReadonlyMap<string, Entry>, counter: number): Promise<void> {
    isDoubtful = true
    const text = whole(entries, counter)
    const next = await beginFile(path, text)
    await file.close().catch(() => undefined)
    file = next
    bytes = liveBytes = Buffer.byteLength(text)
    isDoubtful = false
  }

  return {
    async append(lines, after) {
      const counter = lines.at(-1)?.v ?? 0
      const text = lines.map(encodeLine).join('')
      if (isDoubtful || (bytes > rewriteFromBytes && bytes > rewriteRatio * liveBytes))
        return rewrite(after, counter)
      isDoubtful = true
      await file.appendFile(text)
      await file.datasync()
      isDoubtful = false
      bytes += Buffer.byteLength(text)
    },
    close: () => file.close(),
  }
}

async function beginFile(path: string, text: string): Promise<FileHandle> {
  const tmp = `${path}.next`
  const file = await open(tmp, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
    await rename(tmp, path)
    await fsyncFolder(dirname(path))
    return file
  } catch (thrown) {
    await file.close()
    throw thrown
  }
}
