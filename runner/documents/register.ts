// Which document belongs to which path, and its epoch: kept in the log, folded into one small file at a stop.
// Knows nothing of text.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { DocId, Epoch } from '../../protocol/ids.ts'
import { isWithin, WorkspacePath } from '../../protocol/paths.ts'
import type { Disk } from '../durable.ts'
import { recordKind, type LogRecord } from './records.ts'
import type { Log } from './log.ts'

/** `path` is null when another file took the document's place. */
const Known = z.object({
  doc: DocId,
  epoch: Epoch,
  path: WorkspacePath.nullable(),
  /** Records up to here belong to a history that is over; left out when there was none before. */
  since: z.number().int().min(1).exactOptional(),
})
export type Known = z.infer<typeof Known>

const Folded = z.object({
  format: z.literal('devex-documents'),
  version: z.literal(1),
  /** Records up to `seq` are folded in; the log need not be read before `from`. */
  seq: z.number().int().min(0),
  from: z.number().int().min(0),
  documents: z.array(Known),
})
type Folded = z.infer<typeof Folded>

const Named = z.object({ path: WorkspacePath, epoch: Epoch })
const Moved = z.object({ from: WorkspacePath, to: WorkspacePath })
const utf8 = new TextEncoder()
const text = new TextDecoder()
const json = (value: unknown): Uint8Array => utf8.encode(JSON.stringify(value))

export class Register {
  readonly #file: string
  readonly #disk: Disk
  readonly #byDoc = new Map<string, Known>()
  readonly #byPath = new Map<string, string>()
  #foldedSeq = 0
  #from = 1
  /** The last fold that was asked for. */
  #folding: Promise<void> = Promise.resolve()

  static async open(file: string, disk: Disk): Promise<Register> {
    const register = new Register(file, disk)
    const folded = await readFolded(file)
    if (folded) register.#unfold(folded)
    return register
  }

  private constructor(file: string, disk: Disk) {
    this.#file = file
    this.#disk = disk
  }

  /** Where the log has to be read from. */
  get from(): number {
    return this.#from
  }

  ofDoc(doc: string): Known | undefined {
    return this.#byDoc.get(doc)
  }

  ofPath(path: string): Known | undefined {
    const doc = this.#byPath.get(path)
    return doc === undefined ? undefined : this.#byDoc.get(doc)
  }

  /** Documents at `path` or below it. */
  within(path: string): Known[] {
    return [...this.#byDoc.values()].filter((known) => known.path !== null && isWithin(path, known.path))
  }

  name(known: { doc: string; epoch: string; path: string }, log: Log): void {
    const payload = json({ path: known.path, epoch: known.epoch })
    this.#name(known, log.append({ kind: recordKind.named, doc: known.doc, author: '', payload }))
  }

  /** A document that is named again begins a new history. */
  #name(known: { doc: string; epoch: string; path: string }, seq: number): void {
    const before = this.#byDoc.get(known.doc)
    this.#put(before && before.epoch !== known.epoch ? { ...known, since: seq } : known)
  }

  /**
   * Everything at `from` and below it is at `to` now; gives the documents that moved, and those that lost their place to one
   * of them. A file that is no document and comes to a document's place is only new content: so save many programs.
   */
  move(from: string, to: string, log: Log): Known[] {
    log.append({ kind: recordKind.moved, doc: '', author: '', payload: json({ from, to }) })
    return this.#move(from, to)
  }

  /** Takes in one record of the log at a start. */
  replay(record: LogRecord): void {
    if (record.seq <= this.#foldedSeq) return
    if (record.kind === recordKind.named) {
      const { path, epoch } = Named.parse(JSON.parse(text.decode(record.payload)))
      this.#name({ doc: record.doc, epoch, path }, record.seq)
    } else if (record.kind === recordKind.moved) {
      const { from, to } = Moved.parse(JSON.parse(text.decode(record.payload)))
      this.#move(from, to)
    }
  }

  /** Writes the whole register; `log` is on the disk up to its last record. One after another: they share a file. */
  fold(log: Log): Promise<void> {
    const folding = this.#folding.then(() => this.#foldNow(log))
    this.#folding = folding.catch(() => undefined)
    return folding
  }

  async #foldNow(log: Log): Promise<void> {
    const [seq, from, documents] = [log.seq, log.floor, [...this.#byDoc.values()]]
    const folded: Folded = { format: 'devex-documents', version: 1, seq, from, documents }
    await this.#disk.replace(this.#file, json(folded))
    this.#from = from
  }

  #unfold(folded: Folded): void {
    this.#foldedSeq = folded.seq
    this.#from = folded.from
    for (const known of folded.documents) this.#put(known)
  }

  #move(from: string, to: string): Known[] {
    const moving = this.within(from)
    const moved = moving.map((known) => ({
      ...known,
      path: `${to}${(known.path ?? from).slice(from.length)}`,
    }))
    const covered = moved
      .flatMap(({ path }) => this.ofPath(path) ?? [])
      .map((known) => ({ ...known, path: null }))
    for (const known of [...covered, ...moved]) this.#put(known)
    return [...covered, ...moved]
  }

  #put(known: Known): void {
    const before = this.#byDoc.get(known.doc)
    if (before?.path && this.#byPath.get(before.path) === known.doc) this.#byPath.delete(before.path)
    this.#byDoc.set(known.doc, known)
    if (known.path === null) return
    const covered = this.ofPath(known.path)
    if (covered && covered.doc !== known.doc) this.#byDoc.set(covered.doc, { ...covered, path: null })
    this.#byPath.set(known.path, known.doc)
  }
}

async function readFolded(file: string): Promise<Folded | null> {
  try {
    return Folded.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault && fault.code === 'ENOENT') return null
    throw fault
  }
}
