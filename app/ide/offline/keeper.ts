// This page as one that keeps edits: the names of its stores, and the care for stores of pages that are gone.
import type { DocumentsPlan } from '../editor/documents.ts'
import { findLeftovers, type Leftovers, type LeftoversPlan } from './leftovers.ts'
import { openStore, storeName, type StoreAddress } from './store.ts'
import { beWriter } from './writer.ts'

export type Keeper = {
  /** Opens a store for a document, under a name of its own. */
  keep: NonNullable<DocumentsPlan['keep']>
  leftovers: (plan: Omit<LeftoversPlan, 'person' | 'repl' | 'writer'>) => Leftovers
  release: () => void
}

export function beKeeper(mine: Pick<StoreAddress, 'person' | 'repl'>): Keeper {
  const writer = beWriter()
  return {
    keep: ({ id, epoch, doc }) => {
      const address = { ...mine, doc: id, epoch, writer: writer.id, serial: writer.serial() }
      return openStore(storeName(address), doc)
    },
    leftovers: (plan) => findLeftovers({ ...mine, ...plan, writer: writer.id }),
    release: writer.release,
  }
}
