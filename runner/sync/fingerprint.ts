// Tells cheaply whether anything in a session's folders changed: names, kinds, modes, times and stamps, no contents.
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { logFolder } from '../../protocol/objects.ts'
import { isSegment } from './log-tail.ts'
import { shippedFile } from './shipped.ts'
import { type Closing, type Found, walk } from './walk.ts'

/** Equal when nothing changed but the log, which is shipped by itself. */
export async function fingerprintOf(folders: { workspace: string; state: string }): Promise<string> {
  const hash = createHash('sha256')
  for (const folder of [folders.workspace, folders.state]) {
    const closings: Closing[] = []
    try {
      for (const found of await walk(realpathSync(folder, 'buffer'), closings)) {
        if (folder === folders.state && isOfLog(found)) continue
        hash.update(`${found.text}\0${found.kind} ${found.mode} ${found.mtimeNs} ${detailOf(found)}\0`)
      }
    } finally {
      for (const close of closings.toReversed()) close()
    }
    hash.update('\0\0')
  }
  return hash.digest('hex')
}

function detailOf(found: Found): string {
  if (found.kind === 'folder') return ''
  return found.kind === 'file' ? found.stamp : found.target.toString('latin1')
}

/** The log's segments, its folder, whose time changes with each new one, and what we ourselves say of it. */
function isOfLog({ text }: Found): boolean {
  if (text === logFolder || text === shippedFile) return true
  return text.startsWith(`${logFolder}/`) && isSegment(text.slice(logFolder.length + 1))
}
