// The Enter rule end to end: the page's own core against the whole product, with the text on a long way and the keys on a short one.
import { expect, test } from 'vitest'
import { ownedProduct } from '../support/owned-product.ts'
import { seeded } from '../support/seeded.ts'
import { neverRunsOldText, runNeverRunsOldText } from '../journeys/enter-story.ts'

const here = ownedProduct()

/** Milliseconds added each way between page and relay: far longer than the terminal takes. */
const longMs = 100

test('T-7 Enter never runs old text, 200 times, when text is 100 ms slower than keys', async () => {
  let rounds = 0
  const passed = (): void => void (rounds += 1)
  // Most of it is waiting: four pages in REPLs of their own wait together.
  const seeds = [7, 8, 9, 10]
  await Promise.all(
    seeds.map((seed) =>
      neverRunsOldText({ ...here, rounds: 50, delayMs: longMs, random: seeded(seed), passed }),
    ),
  )
  expect(rounds).toBe(200)
})

test('T-7 Enter never runs old text when text arrives just before it: the file is written first', async () => {
  let rounds = 0
  const passed = (): void => void (rounds += 1)
  await neverRunsOldText({ ...here, rounds: 100, delayMs: 0, random: seeded(8), passed })
  expect(rounds).toBe(100)
})

test('T-7 Run never runs old text, on either way', async () => {
  for (const delayMs of [longMs, 0]) {
    let rounds = 0
    const passed = (): void => void (rounds += 1)
    await runNeverRunsOldText({ ...here, rounds: 10, delayMs, random: seeded(9), passed })
    expect(rounds).toBe(10)
  }
})
