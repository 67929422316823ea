// A product for one test file, with its owner signed in: starts before the first test, ends after the last.
import { afterAll, beforeAll } from 'vitest'
import { startProduct, type Product } from './product.ts'
import { Visitor } from './visitor.ts'

/** Both are there once the tests run; a test that starts another in its place puts it here. */
export type Owned = { product: Product; owner: Visitor }

export function ownedProduct(): Owned {
  const here = {} as Owned
  beforeAll(async () => {
    here.product = await startProduct()
    here.owner = await Visitor.arrive(here.product.link)
  })
  afterAll(async () => {
    await here.product?.stop()
    here.product?.clean()
  })
  return here
}
