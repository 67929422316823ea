// Two people and a tool change the same files at random, with restarts in between: everybody and the disk end equal.
import * as Y from 'yjs'
import { expect, test } from 'vitest'
import { edit, toolEdit } from './edits.ts'
import { seeded, startSession, type Peer, type TestSession } from '../runner/documents/session.ts'

async function settle(session: TestSession, path: string): Promise<void> {
  await session.documents.changed(new Set([path]))
  await session.documents.materialise('fuzz')
}

/** A page that stayed open while the runner was away: gives what the runner lacks, takes what it lacks itself. */
function rejoin(before: Peer, after: Peer): void {
  const update = Y.encodeStateAsUpdate(before.doc, Y.encodeStateVector(after.doc))
  after.document.receive(update, 'aaaaaaaaaaaaaaaa')
  Y.applyUpdate(after.doc, Y.encodeStateAsUpdate(after.document.live), 'runner')
}

for (const start of [1, 2])
  test(`W-5 W-6 C-11 story ${start}: 1,000 random edits of people and tools end equal everywhere`, async () => {
    const random = seeded(start)
    const path = start % 2 === 0 ? 'crlf.txt' : 'lf.txt'
    const eol = start % 2 === 0 ? '\r\n' : '\n'
    let session = await startSession()
    await session.put(path, ['one', 'two', 'three', ''].join(eol))
    let ada = await session.join(path)
    const { id, epoch } = ada

    for (let step = 0; step < 1000; step += 1) {
      const what = random(100)
      if (what < 80) edit(ada, random)
      else if (what < 90) {
        const text = (await session.text(path)).replaceAll('\r\n', '\n')
        await session.put(path, toolEdit(text, random).replaceAll('\n', eol))
      } else if (what < 97) await settle(session, path)
      else if (what < 99) session.log.flush()
      else {
        if (random(2) === 0) await session.stop()
        else session.log.flush()
        const { folders } = session
        await session.documents.close()
        session = await startSession({ folders, generation: step + 2 })
        const again = await session.join(path)
        rejoin(ada, again)
        ada = again
      }
    }
    await settle(session, path)
    await settle(session, path)

    const text = ada.document.text
    expect(ada.text.toString()).toBe(text)
    expect(ada.document.replica.getText('content').toString()).toBe(text)
    expect((await session.text(path)).replaceAll('\r\n', '\n')).toBe(text)
    expect([ada.id, ada.epoch]).toEqual([id, epoch])
    const { ingests } = session.documents.count
    await settle(session, path)
    expect(session.documents.count.ingests).toBe(ingests)
  })
