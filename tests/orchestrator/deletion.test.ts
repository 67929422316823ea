// A deletion that lands in the very moment of somebody else's start.
import { expect, test } from 'vitest'
import { peopleOver } from '../../orchestrator/access/people.ts'
import { realClock } from '../../orchestrator/clock.ts'
import { type Table, table } from '../../orchestrator/ledger/table.ts'
import { newRecord, ReplRecord } from '../../orchestrator/record.ts'
import { type ReplParts, Repls } from '../../orchestrator/repls.ts'
import { faultyLedger } from '../support/faulty-ledger.ts'
import { aReplId } from '../support/keys.ts'

/** As `rows`, but between the reading and the writing of a change something else happens, once. */
function disturbed(rows: Table<ReplRecord>, meanwhile: { once: (() => Promise<unknown>) | null }) {
  return {
    ...rows,
    async change(id: string, change: (record: ReplRecord) => ReplRecord) {
      const old = await rows.get(id)
      const { once } = meanwhile
      meanwhile.once = null
      await once?.()
      const row = old && (await rows.replace(old, change(old.value)).catch(() => null))
      return row ?? rows.change(id, change)
    },
  }
}

test('R-10 A-8 an editor’s start that was allowed when it was asked for does not undo a deletion that came first', async () => {
  const { ledger } = faultyLedger()
  const people = peopleOver(ledger, { now: Date.now, ownerName: 'Ada' })
  const ada = await people.consumeLink((await people.newLink()).code)
  const grace = await people.makeGuest('Grace')
  const rows = table(ledger, 'repls/', ReplRecord)
  const made = newRecord({ id: aReplId(), name: 'two sum', template: 'node', owner: ada.id, now: 1 })
  const { id } = await rows.create(made.id, { ...made, members: { [ada.id]: 'owner', [grace.id]: 'editor' } })
  const meanwhile: Parameters<typeof disturbed>[1] = { once: null }
  const repls = disturbed(rows, meanwhile)
  const core = new Repls({ repls, people, clock: realClock, nudge: () => undefined } as unknown as ReplParts)

  meanwhile.once = () => core.remove(ada, id)
  const asked = core.start(grace, id)

  await expect(asked).rejects.toThrow('Only its owner can bring it back.')
  expect((await rows.get(id))?.value).toMatchObject({ desired: 'deleted', asks: 0 })
})
