// How much text may be open in one session at once.
import { expect, test } from 'vitest'
import { systemClock, type Clock } from '../../../runner/documents/clock.ts'
import { eventually } from '../../support/eventually.ts'
import { startSession } from './session.ts'

/** A minute passes in a twentieth of a second. */
const hasty: Clock = { now: systemClock.now, after: (ms, run) => systemClock.after(ms / 1200, run) }

test('W-14 with too much text open no other file is opened, in words; who is inside goes on, and when they leave there is room', async () => {
  const session = await startSession({ mostCharacters: 20, clock: hasty })
  await session.put('large.txt', 'l'.repeat(30))
  await session.put('other.txt', 'other')
  const ada = await session.join('large.txt')

  await expect(session.documents.open('other.txt')).rejects.toMatchObject({
    code: 'too-many',
    say: expect.stringContaining('Close some large ones'),
  })

  expect(await session.documents.open('large.txt')).toMatchObject({ kind: 'text', doc: ada.id })
  ada.text.insert(0, 'still typed ')
  await eventually(async () => (await session.text('large.txt')).startsWith('still typed l'))
  session.documents.leave(ada.id)
  await eventually(async () => (await session.join('other.txt')).text.toString() === 'other')
})
