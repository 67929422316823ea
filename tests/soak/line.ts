// What a line of the soak is: something real, told again and again with one seed, that throws the first time it does not hold.
import type { Level } from '../../protocol/repl.ts'
import { startProduct, type Product } from '../support/product.ts'
import { Visitor } from '../support/visitor.ts'

export type Soak = {
  seed: number
  random: (below: number) => number
  /** What sessions are kept in, for lines that have levels. */
  level: Level
  /** How often, for lines that count. */
  rounds: number
  /** Time of day in milliseconds when a line that lasts is over. */
  until: number
  /** Told after each round that held. */
  passed: (round: number) => void
  /** Told now and then what was counted. */
  say: (line: string) => void
}

export type Line = {
  /** What held, for the table of results. */
  what: string
  rounds: number
  /** Played at a level of choice, each with its row; others are at the best there is. */
  hasLevels?: true
  /** 0: it lasts until its rounds are done. */
  minutes: number
  /** What was counted, for the table of results. */
  run: (soak: Soak) => Promise<string | void>
}

/** A line that is told against a freshly started product; its data folder is kept when it fails. */
export function inProduct(
  tell: (soak: Soak & { product: Product; owner: Visitor }) => Promise<void>,
): Line['run'] {
  return async (soak) => {
    const product = await startProduct()
    try {
      await tell({ ...soak, product, owner: await Visitor.arrive(product.link) })
    } catch (fault) {
      soak.say(`its data folder is kept: ${product.data}`)
      await product.stop()
      throw fault
    }
    await product.stop()
    product.clean()
  }
}
