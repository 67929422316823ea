// What a line of the soak is: something real, told again and again with one seed, that throws the first time it does not hold.
import type { Product } from '../support/product.ts'
import type { Visitor } from '../support/visitor.ts'

export type Soak = {
  product: Product
  owner: Visitor
  random: (below: number) => number
  /** How often, for lines that count. */
  rounds: number
  /** Time of day in milliseconds when a line that lasts is over. */
  until: number
  /** Told after each round that held. */
  passed: (round: number) => void
}

export type Line = {
  /** What held, for the table of results. */
  what: string
  rounds: number
  minutes: number
  run: (soak: Soak) => Promise<void>
}
