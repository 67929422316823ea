// How the bytes of a log object are read: which bytes of which segment it holds. Pure; what records mean is the runner's.
import { decodeFrame } from './frames.ts'
import { logMagic, LogPieces } from './objects.ts'

/** `content` are the bytes of `segment` from byte `at` on; a view into what was decoded. */
export type LogPiece = { segment: string; at: number; content: Uint8Array }

/** Null when these bytes are no whole log object. */
export function decodeLogObject(bytes: Uint8Array): LogPiece[] | null {
  try {
    if (!logMagic.every((byte, index) => bytes[index] === byte)) return null
    const { header, payload } = decodeFrame(bytes.subarray(logMagic.length))
    let from = 0
    const pieces = LogPieces.parse(header).pieces.map(({ segment, at, bytes: length }) => {
      from += length
      return { segment, at, content: payload.subarray(from - length, from) }
    })
    return from === payload.length ? pieces : null
  } catch {
    return null
  }
}
