// Shared terminals between people: output, input, roles, size, late joiners, the end.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually, Stage } from './stage.ts'

let stage: Stage
beforeEach(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.close())

describe('sharing a terminal', () => {
  test('T-1 two people see the same bytes, and each types into the same shell', async () => {
    const ada = await stage.page('ada')
    const grace = await stage.page('grace')
    const terminal = await ada.openAndAttach()
    await grace.attach(terminal)

    ada.type(terminal, 'echo one-$((1+1))\r')
    await eventually(() => grace.shown(terminal).includes('one-2'))
    grace.type(terminal, 'echo two-$((2+2))\r')
    await eventually(() => ada.text(terminal).includes('two-4') && grace.shown(terminal).includes('two-4'))

    expect(ada.of(terminal).gaps + grace.of(terminal).gaps).toBe(0)
    expect(ada.list?.[0]).toMatchObject({ id: terminal, viewers: 2, driver: { name: 'ada' } })
  })
})
