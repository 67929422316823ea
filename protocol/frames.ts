// One binary frame for every link between our own processes: a JSON header, then bytes.
// Layout: u32 big-endian length of the header, header as UTF-8 JSON, payload to the end of the frame.
// On a byte stream each frame is preceded by its own u32 big-endian length (see FrameSplitter).
import { AppError } from './errors.ts'

const utf8 = new TextEncoder()
const text = new TextDecoder('utf-8', { fatal: true })
const none = new Uint8Array(0)

/** Longest header in bytes; headers hold ids and numbers, content goes into the payload. */
const headerBytes = 1024 * 1024

export function encodeFrame(header: unknown, payload: Uint8Array = none): Uint8Array {
  const head = utf8.encode(JSON.stringify(header))
  const frame = new Uint8Array(4 + head.length + payload.length)
  new DataView(frame.buffer).setUint32(0, head.length)
  frame.set(head, 4)
  frame.set(payload, 4 + head.length)
  return frame
}

/**
 * Header is unparsed JSON: give it to the schema of the link. Payload is a view into `frame`. Throws `bad-input`.
 * `mostHeader`: bytes; from a peer that may lie fewer, because a schema says at length what is amiss in each element of a list.
 */
export function decodeFrame(
  frame: Uint8Array,
  mostHeader = headerBytes,
): { header: unknown; payload: Uint8Array } {
  try {
    const length = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0)
    if (length > mostHeader || 4 + length > frame.length) throw new RangeError('header longer than frame')
    const header: unknown = JSON.parse(text.decode(frame.subarray(4, 4 + length)))
    return { header, payload: frame.subarray(4 + length) }
  } catch (cause) {
    throw new AppError('bad-input', { say: 'A frame could not be read.', cause })
  }
}

/** As encodeFrame, preceded by the frame's length, for a byte stream. */
export function encodeStreamFrame(header: unknown, payload: Uint8Array = none): Uint8Array {
  const frame = encodeFrame(header, payload)
  const out = new Uint8Array(4 + frame.length)
  new DataView(out.buffer).setUint32(0, frame.length)
  out.set(frame, 4)
  return out
}

/** Chunks that are kept apart: a peer may send each byte alone, and an array for each would cost a hundred times its byte. */
const mostChunks = 64

/** Cuts a byte stream into frames; keeps at most one frame of `maxBytes`, else throws `too-large`. */
export class FrameSplitter {
  #held: Uint8Array[] = []
  #heldBytes = 0
  /** Bytes without which there is nothing to cut off. */
  #wanted = 4
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Takes the next bytes and gives every whole frame (without its length), in order. */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes < this.#wanted) {
      if (this.#held.length > mostChunks) this.#held = [concat(...this.#held)]
      return []
    }
    return this.#cut(this.#held.length === 1 ? chunk : concat(...this.#held))
  }

  #cut(bytes: Uint8Array): Uint8Array[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const frames: Uint8Array[] = []
    let at = 0
    this.#wanted = 4
    while (bytes.length - at >= 4) {
      const length = view.getUint32(at)
      if (length > this.#maxBytes)
        throw new AppError('too-large', { say: 'A frame is too large.', log: { length } })
      this.#wanted = 4 + length
      if (bytes.length - at < this.#wanted) break
      frames.push(bytes.subarray(at + 4, at + this.#wanted))
      at += this.#wanted
      this.#wanted = 4
    }
    // A copy: what is left may be a few bytes of a large array.
    this.#held = at === bytes.length ? [] : [at === 0 ? bytes : new Uint8Array(bytes.subarray(at))]
    this.#heldBytes = bytes.length - at
    return frames
  }
}

/** One array of all `parts` in order. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
