// Fills a session's folders for the very first start: a template's files, as if made just now, and an empty state.
import { createReadStream, realpathSync } from 'node:fs'
import { AppError } from '../../protocol/errors.ts'
import { below } from './names.ts'
import { plant } from './plant.ts'
import type { Staged } from './restore.ts'
import { walk } from './walk.ts'

/** Answers how many files and bytes there are. */
export async function fillFromTemplate(
  folder: string,
  staged: Staged,
): Promise<{ files: number; bytes: number }> {
  const from = realTemplate(folder)
  const to = plant(Buffer.from(staged.workspace))
  const mtimeNs = BigInt(Date.now()) * 1_000_000n
  const counts = { files: 0, bytes: 0 }
  for (const found of await walk(from, [])) {
    const entry = { path: found.path, mode: found.mode | 0o600, mtimeNs }
    if (found.kind === 'folder') await to.folder({ ...entry, mode: entry.mode | 0o700 })
    if (found.kind === 'link') await to.link(entry, found.target)
    if (found.kind === 'file') {
      await to.file({ ...entry, size: found.size }, createReadStream(below(from, found.path)))
      counts.files += 1
      counts.bytes += found.size
    }
  }
  await to.finish()
  return counts
}

function realTemplate(folder: string): Buffer {
  try {
    return realpathSync(folder, 'buffer')
  } catch (cause) {
    throw new AppError('start-failed', {
      say: 'The files of this template are missing.',
      log: { folder },
      cause,
    })
  }
}
