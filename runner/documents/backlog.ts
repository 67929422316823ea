// Where in the segments those records lie that no snapshot holds yet, by document; reads them back. Writes nothing.
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../protocol/errors.ts'
import { decodeRecord, recordKind, type LogRecord } from './records.ts'
import type { Position } from './segments.ts'

export class Backlog {
  readonly #folder: string
  readonly #positions = new Map<string, Position[]>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Records of the register are not a document's: they are read at each start. */
  add(record: { doc: string; kind: number }, position: Position): void {
    if (record.kind !== recordKind.update && record.kind !== recordKind.intent) return
    const positions = this.#positions.get(record.doc)
    if (positions) positions.push(position)
    else this.#positions.set(record.doc, [position])
  }

  /** The records of `doc` after sequence number `after`. */
  read(doc: string, after: number): LogRecord[] {
    return this.#of(doc)
      .filter(({ seq }) => seq > after)
      .map((position) => this.#readOne(position))
  }

  size(doc: string): { records: number; bytes: number } {
    const positions = this.#of(doc)
    return { records: positions.length, bytes: positions.reduce((sum, { bytes }) => sum + bytes, 0) }
  }

  /** Records of `doc` up to `seq` are in a snapshot. */
  forget(doc: string, seq: number): void {
    this.#keep(doc, (position) => position.seq > seq)
  }

  /** Records from `seq` on lie where the disk failed: they are written once more elsewhere. */
  dropFrom(seq: number): void {
    for (const doc of this.#positions.keys()) this.#keep(doc, (position) => position.seq < seq)
  }

  get docs(): string[] {
    return [...this.#positions.keys()]
  }

  /** Number of the first record that no snapshot holds, or null. */
  get first(): number | null {
    let first: number | null = null
    for (const [oldest] of this.#positions.values())
      if (oldest && (first === null || oldest.seq < first)) first = oldest.seq
    return first
  }

  #of(doc: string): Position[] {
    return this.#positions.get(doc) ?? []
  }

  #keep(doc: string, wanted: (position: Position) => boolean): void {
    const rest = this.#of(doc).filter(wanted)
    if (rest.length > 0) this.#positions.set(doc, rest)
    else this.#positions.delete(doc)
  }

  #readOne(position: Position): LogRecord {
    const bytes = new Uint8Array(position.bytes)
    const fd = openSync(join(this.#folder, position.segment), 'r')
    try {
      readSync(fd, bytes, 0, bytes.length, position.at)
    } finally {
      closeSync(fd)
    }
    const read = decodeRecord(bytes, 0)
    if (read) return read.record
    throw new AppError('internal', { say: 'A part of the log cannot be read.', log: { ...position } })
  }
}
