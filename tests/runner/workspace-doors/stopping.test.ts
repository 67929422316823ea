// A stop that comes while pages change files: what was begun is in the backup, what comes later is refused in words.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Lifecycle } from '../../../runner/lifecycle.ts'
import { eventually } from '../../support/eventually.ts'
import { quiet } from '../workspace/stage.ts'
import { openDoors } from './doors.ts'

/** Doors whose changes wait for `go` at the last instant, and a session that can be stopped. */
async function scene() {
  const doors = await openDoors()
  let go = (): void => undefined
  const gate = new Promise<void>((open) => (go = open))
  const at = { waiting: 0, putAway: false }
  doors.session.beforeRename = async () => {
    at.waiting += 1
    await gate
  }
  const lifecycle = new Lifecycle({
    link: { freeze: async () => void (doors.session.stopping = true), thaw: () => undefined },
    documents: {
      materialise: async () => undefined,
      putAway: async () => ((at.putAway = true), 7),
    },
    terminals: { boxGone: () => false, endAll: async () => undefined },
    watcher: { sweep: async () => undefined },
    changes: doors.changes,
    logger: quiet,
  })
  return { ...doors, lifecycle, go, at }
}

test('C-14 an upload that has come whole and is not in its place yet is waited for by a stop', async () => {
  const { root, url, lifecycle, go, at } = await scene()
  const upload = fetch(`${url}/a.txt`, { method: 'PUT', body: 'whole' })
  await eventually(() => at.waiting === 1)

  const stopped = lifecycle.quiesce('Stopping.')
  await new Promise((turn) => setImmediate(turn))
  expect(at.putAway).toBe(false)
  go()

  expect(await stopped).toEqual({ seq: 7 })
  expect((await upload).status).toBe(200)
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('whole')
})

test('C-14 a tree command that is under way is waited for by a stop, and none begins after it', async () => {
  const { root, enter, lifecycle, go, at } = await scene()
  writeFileSync(join(root, 'a.txt'), 'text')
  const ada = await enter('ada', 'editor')
  const moved = ada.ask('move', { from: 'a.txt', to: 'b.txt' })
  await eventually(() => at.waiting === 1)

  const stopped = lifecycle.quiesce('Stopping.')
  await new Promise((turn) => setImmediate(turn))
  expect(at.putAway).toBe(false)
  expect(await ada.ask('create', { path: 'late.txt', kind: 'file' })).toMatchObject({
    ok: false,
    error: { code: 'read-only' },
  })
  go()
  await stopped

  expect(await moved).toMatchObject({ ok: true })
  expect(existsSync(join(root, 'b.txt'))).toBe(true)
})
