// Who asks an orchestrator in the very moment of its start, as relays do that wait for it.
import { expect, onTestFinished, test } from 'vitest'
import { openHouse } from '../support/house.ts'
import { freePort } from '../support/product.ts'

/** The first answer of whoever listens there; tries again at once while nobody does. */
async function firstAnswer(url: string): Promise<number> {
  for (;;) {
    const asked = fetch(url, { signal: AbortSignal.timeout(5_000) })
    const answer = await asked.catch((fault: unknown) => {
      if (fault instanceof Error && fault.name === 'TimeoutError') throw new Error('asked and not answered')
      return null
    })
    if (answer !== null) return answer.status
  }
}

test('R-9 whoever asks an orchestrator that is just starting gets an answer', async () => {
  const house = await openHouse()
  onTestFinished(() => house.end())
  for (let start = 0; start < 5; start += 1) {
    house.config.port = await freePort()
    const again = house.restart()
    const status = await firstAnswer(`http://127.0.0.1:${house.config.port}/v1/keys`)
    await again
    expect(status).toBe(200)
  }
})
