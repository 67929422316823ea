// Reads the audit log backwards for one repl. Who may read it is asked at the API; who writes it is audit.ts.
import { z } from 'zod'
import { AuditEntry, type AuditPage } from '../../protocol/audit.ts'
import { readBefore } from '../disk.ts'

/** Bytes that are read and looked through at once: some hundred lines. */
const blockBytes = 64 * 1024
/** Bytes that one question may cost, so that a repl of which nothing was noted for long keeps nobody else waiting. */
const mostBytes = 8 * 1024 * 1024

/** Every line begins so; inside a string the quotes would be escaped. */
const lineStart = '{"at":'
const newline = 0x0a

export type AuditWish = { repl: string; before?: number | undefined; most: number }

/** Newest first. A line that cannot be read (torn by a full disk, or of a later build) is passed over. */
export async function readAudit(path: string, wish: AuditWish): Promise<AuditPage> {
  const entries: AuditEntry[] = []
  let end = wish.before ?? Infinity
  for (let read = 0; read < mostBytes;) {
    const block = await readBefore(path, { end, most: blockBytes })
    if (block.bytes.length === 0) return { entries, earlier: null }
    read += block.bytes.length
    const lines = wholeLines(block)
    for (const line of lines.toReversed()) {
      const entry = entryOf(line, wish.repl)
      if (entry === null) continue
      const last = entries.at(-1)
      if (last !== undefined && entries.length === wish.most) return { entries, earlier: last.id }
      entries.push(entry)
    }
    end = lines[0]?.id ?? block.at
  }
  return { entries, earlier: end }
}

/** As audit.ts writes it; what else it says depends on what happened. */
const Said = z.looseObject({ at: z.string(), repl: z.string() })

type Line = { id: number; text: string }

/** The first line of a block is a part of one, unless the file begins there. */
function wholeLines({ at, bytes }: { at: number; bytes: Buffer }): Line[] {
  const lines: Line[] = []
  let start = at === 0 ? 0 : bytes.indexOf(newline) + 1
  while (start < bytes.length) {
    const found = bytes.indexOf(newline, start)
    const stop = found === -1 ? bytes.length : found
    lines.push({ id: at + start, text: bytes.toString('utf8', start, stop) })
    start = stop + 1
  }
  return lines
}

function entryOf({ id, text }: Line, repl: string): AuditEntry | null {
  if (!text.includes(repl)) return null
  // What follows a torn line stands on the same one.
  const said = Said.safeParse(jsonOf(text.slice(Math.max(0, text.lastIndexOf(lineStart))))).data
  if (said?.repl !== repl) return null
  return AuditEntry.safeParse({ ...said, id, at: Date.parse(said.at) }).data ?? null
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
