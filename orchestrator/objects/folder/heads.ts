// HEADs in the folder store: the only files that change, one change at a time, each compared first.
import { readFile } from 'node:fs/promises'
import { AppError } from '../../../protocol/errors.ts'
import { Head, objectKeys } from '../../../protocol/objects.ts'
import type { ObjectStore } from '../object-store.ts'
import { isErrno, refusal, writeRefusal } from './faults.ts'
import type { FolderWriter } from './write.ts'

type Parts = { pathOf(key: string): string; writer: FolderWriter }

/** `readHead` and `swapHead`; comparing and writing happen in one turn per store, as one process owns the folder. */
export function folderHeads(parts: Parts): Pick<ObjectStore, 'readHead' | 'swapHead'> {
  let turn: Promise<unknown> = Promise.resolve()
  const swapHead: ObjectStore['swapHead'] = (repl, expected, next) => {
    const mine = turn.then(() => swap(parts, repl, { expected, next }))
    turn = mine.catch(() => undefined)
    return mine
  }
  return { readHead: async (repl) => readHead(parts, repl), swapHead }
}

async function readHead({ pathOf }: Parts, repl: string): Promise<Head | null> {
  const key = objectKeys.head(repl)
  const text = await readFile(pathOf(key), 'utf8').catch((thrown: unknown) =>
    isErrno(thrown, 'ENOENT') ? null : refusal(key)(thrown),
  )
  return text === null ? null : parseHead(key, text)
}

function parseHead(key: string, text: string): Head {
  try {
    return Head.parse(JSON.parse(text))
  } catch (cause) {
    throw new AppError('verify-failed', {
      say: 'The record of the last backup cannot be read. Nothing was changed.',
      log: { key },
      cause,
    })
  }
}

async function swap(parts: Parts, repl: string, { expected, next }: { expected: Head | null; next: Head }) {
  const key = objectKeys.head(repl)
  const path = parts.pathOf(key)
  const head = Head.parse(next)
  if (head.repl !== repl) throw new AppError('bad-input', { say: 'This HEAD is of another REPL.' })
  const found = await readHead(parts, repl)
  if (!isSame(found, expected)) {
    throw new AppError('conflict', {
      say: 'Another backup of this REPL was committed meanwhile.',
      log: { key, found, expected },
    })
  }
  await parts.writer.replace(path, Buffer.from(JSON.stringify(head))).catch(writeRefusal(key))
}

function isSame(a: Head | null, b: Head | null): boolean {
  if (a === null || b === null) return a === b
  return (
    a.generation === b.generation && a.seq === b.seq && a.manifest === b.manifest && a.sha256 === b.sha256
  )
}
