// The Enter rule end to end: the page's own core against the whole product, with the text on a long way and the keys on a short one.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProduct } from '../support/product.ts'
import type { Product } from '../support/product.ts'
import { seeded } from '../support/seeded.ts'
import { Visitor } from '../support/visitor.ts'
import { neverRunsOldText, runNeverRunsOldText } from '../journeys/enter-story.ts'

let product: Product
let owner: Visitor

beforeAll(async () => {
  product = await startProduct()
  owner = await Visitor.arrive(product.link)
})

afterAll(async () => {
  await product.stop()
  product.clean()
})

/** Milliseconds added each way between page and relay: far longer than the terminal takes. */
const longMs = 100

test('T-7 Enter never runs old text, 200 times, when text is 100 ms slower than keys', async () => {
  let rounds = 0
  const passed = (): void => void (rounds += 1)
  await neverRunsOldText({ product, owner, rounds: 200, delayMs: longMs, random: seeded(7), passed })
  expect(rounds).toBe(200)
})

test('T-7 Enter never runs old text when text arrives just before it: the file is written first', async () => {
  let rounds = 0
  const passed = (): void => void (rounds += 1)
  await neverRunsOldText({ product, owner, rounds: 100, delayMs: 0, random: seeded(8), passed })
  expect(rounds).toBe(100)
})

test('T-7 Run never runs old text, on either way', async () => {
  for (const delayMs of [longMs, 0]) {
    let rounds = 0
    const passed = (): void => void (rounds += 1)
    await runNeverRunsOldText({ product, owner, rounds: 10, delayMs, random: seeded(9), passed })
    expect(rounds).toBe(10)
  }
})
