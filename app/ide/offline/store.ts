// One document's text in this browser's IndexedDB, by y-indexeddb, with a note of what in it waits. It decides nothing.
import { IndexeddbPersistence } from 'y-indexeddb'
import * as Y from 'yjs'
import { z } from 'zod'
import { DocId, Epoch, PersonId, ReplId } from '../../../protocol/ids.ts'

/** What a store says about itself; it may be a moment older than the text beside it, never newer. */
export const Note = z.object({
  path: z.string(),
  /** Own edits that were not acknowledged as saved. */
  waiting: z.number().int().min(0),
  /** The text as the runner last had all of it: what unsent edits are a change of. */
  base: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
  /** Its edits were brought into another history as the clock `clock` of client `client`. */
  carried: z.object({ epoch: Epoch, client: z.number(), clock: z.number() }).nullable(),
})
export type Note = z.infer<typeof Note>

const StoreAddress = z.object({
  person: PersonId,
  repl: ReplId,
  doc: DocId,
  epoch: Epoch,
  /** The page that writes it: two tabs never share a store, so that neither can take the other's away. */
  writer: z.string().regex(/^[0-9a-f]{16}$/),
  /** Counts the stores of a writer: a name is never used again, so that taking one away cannot meet the next. */
  serial: z.string().regex(/^[0-9]{1,9}$/),
})
export type StoreAddress = z.infer<typeof StoreAddress>

const magic = 'devex-edits-1'

export const storeName = (of: StoreAddress): string =>
  [magic, of.person, of.repl, of.doc, of.epoch, of.writer, of.serial].join(':')

export function parseStoreName(name: string): StoreAddress | null {
  const [head, person, repl, doc, epoch, writer, serial] = name.split(':')
  if (head !== magic) return null
  return StoreAddress.safeParse({ person, repl, doc, epoch, writer, serial }).data ?? null
}

export type KeptStore = {
  name: string
  /** Resolves when `note` and everything that was in the document before it are in the store. */
  note: (note: Note) => Promise<void>
  /** Leaves it on the disk. */
  close: () => Promise<void>
  remove: () => Promise<void>
}

/** Follows `doc` into the store from now on, beginning with all that is in it. */
export function openStore(name: string, doc: Y.Doc): KeptStore {
  const persistence = new IndexeddbPersistence(name, doc)
  return {
    name,
    note: async (note) => {
      await persistence.whenSynced
      if (persistence.db === null) throw new Error('The store has no database')
      await putNote(persistence.db, note)
    },
    close: () => persistence.destroy(),
    remove: async () => {
      await persistence.destroy()
      await removeStore(name)
    },
  }
}

export type KeptEdits = { update: Uint8Array; text: string; note: Note | null }

/** Everything in a store that nobody writes any more. */
export async function readStore(name: string): Promise<KeptEdits> {
  const db = await request(indexedDB.open(name))
  const doc = new Y.Doc()
  try {
    if (!db.objectStoreNames.contains('updates')) return { update: new Uint8Array(), text: '', note: null }
    const reading = db.transaction(['updates', 'custom'], 'readonly')
    const noting = request<unknown>(reading.objectStore('custom').get('note'))
    const updates = z
      .array(z.instanceof(Uint8Array))
      .parse(await request(reading.objectStore('updates').getAll()))
    doc.transact(() => updates.forEach((update) => Y.applyUpdate(doc, update)))
    const note = Note.safeParse(await noting).data ?? null
    return { update: Y.encodeStateAsUpdate(doc), text: doc.getText('content').toString(), note }
  } finally {
    doc.destroy()
    db.close()
  }
}

/** Changes the note of a store that nobody writes any more. */
export async function renote(name: string, note: Note): Promise<void> {
  const db = await request(indexedDB.open(name))
  try {
    await putNote(db, note)
  } finally {
    db.close()
  }
}

export async function removeStore(name: string): Promise<void> {
  await request(indexedDB.deleteDatabase(name))
}

/** Stores of this person in this repl, of whatever page. */
export async function listStores(of: Pick<StoreAddress, 'person' | 'repl'>): Promise<StoreAddress[]> {
  const found = await indexedDB.databases()
  return found.flatMap(({ name }) => {
    const address = parseStoreName(name ?? '')
    return address !== null && address.person === of.person && address.repl === of.repl ? [address] : []
  })
}

/** One transaction over both parts: it ends after every write to the text that was asked for before it. */
function putNote(db: IDBDatabase, note: Note): Promise<void> {
  return new Promise((resolve, reject) => {
    const writing = db.transaction(['updates', 'custom'], 'readwrite')
    writing.oncomplete = () => resolve()
    writing.onabort = () => reject(writing.error ?? new Error('The note was not written'))
    writing.objectStore('custom').put(note, 'note')
  })
}

function request<T>(asked: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error ?? new Error('IndexedDB refused'))
  })
}
