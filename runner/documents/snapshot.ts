// A whole document at one sequence number, as one file of ours. Bytes and reading; when to take one is documents.ts.
// Layout: "DVXSNAP" and version (8 bytes), u32 crc32c of the rest, then a frame of protocol/frames.ts:
// a JSON header, the live state (`stateBytes` long), the disk replica's state where it differs (to the end).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../../protocol/errors.ts'
import { concat, decodeFrame, encodeFrame } from '../../protocol/frames.ts'
import { DocId, Epoch, Sha256 } from '../../protocol/ids.ts'
import type { Disk } from '../durable.ts'
import { crc32c } from './crc32c.ts'
import { Intent } from './intent.ts'

const magic = Uint8Array.of(0x44, 0x56, 0x58, 0x53, 0x4e, 0x41, 0x50, 1)
const headBytes = magic.length + 4

const Header = z.object({
  doc: DocId,
  epoch: Epoch,
  /** Every record up to here is in the live state. */
  seq: z.number().int().min(0),
  stateBytes: z.number().int().min(0),
  /** What the file held; its text is the disk replica's. */
  disk: Intent,
  /** Hashes of files that we wrote before, newest last: a file with one of them is merely old, no tool changed it. */
  earlier: z.array(Sha256),
})

export type Snapshot = Omit<z.infer<typeof Header>, 'stateBytes'> & {
  state: Uint8Array
  /** Null when the file holds the live state. */
  replica: Uint8Array | null
}

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const { state, replica, ...header } = snapshot
  const payload = concat(state, replica ?? new Uint8Array(0))
  const frame = encodeFrame({ ...header, stateBytes: state.length }, payload)
  const sum = new Uint8Array(4)
  new DataView(sum.buffer).setUint32(0, crc32c(frame))
  return concat(magic, sum, frame)
}

/** Throws when a single byte is wrong: a snapshot is whole or it is nothing. */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const frame = bytes.subarray(headBytes)
  const sum = bytes.length >= headBytes ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(8) : -1
  if (magic.some((byte, at) => bytes[at] !== byte) || sum !== crc32c(frame))
    throw new AppError('internal', { say: 'A saved document is damaged.' })
  const { header, payload } = decodeFrame(frame)
  const { stateBytes, ...rest } = Header.parse(header)
  const replica = payload.subarray(stateBytes)
  return { ...rest, state: payload.subarray(0, stateBytes), replica: replica.length > 0 ? replica : null }
}

export async function writeSnapshot(disk: Disk, folder: string, snapshot: Snapshot): Promise<void> {
  await disk.replace(join(folder, snapshot.doc), encodeSnapshot(snapshot))
}

/** Null when the document has none yet. */
export async function readSnapshot(folder: string, doc: string): Promise<Snapshot | null> {
  try {
    return decodeSnapshot(await readFile(join(folder, doc)))
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault && fault.code === 'ENOENT') return null
    throw fault
  }
}
