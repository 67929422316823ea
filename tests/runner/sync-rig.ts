// A folder store behind its real door, a real sync, and temp folders: what a flush and a restore need, and nothing else.
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folderStore } from '../../orchestrator/objects/folder/start.ts'
import type { ObjectStore } from '../../orchestrator/objects/object-store.ts'
import { Flushed, RestoreProgress, type RestoreRequest } from '../../protocol/control.ts'
import { AppError, WireError } from '../../protocol/errors.ts'
import { startObjectsDoor } from '../exams/object-store-door.ts'
import { newReplId } from '../../protocol/ids.ts'
import { removeTree } from '../../runner/sync/remove.ts'
import { startSync } from '../../runner/sync/start.ts'

const syncSecret = 's'.repeat(32)

export type Rig = Awaited<ReturnType<typeof startRig>>

/** With a store of the test's own, or a real folder. */
export async function startRig(own?: ObjectStore) {
  const root = await mkdtemp(join(tmpdir(), 'devex-sync-'))
  const store = own ?? (await folderStore(join(root, 'store')))
  const repl = newReplId(randomBytes)
  const folders = { workspace: join(root, 'repl/workspace'), state: join(root, 'repl/state') }
  await mkdir(folders.workspace, { recursive: true })
  await mkdir(folders.state)
  const fence = { generation: 1 }

  const door = await startObjectsDoor({ store, repl, fence })
  const sync = await startSync({ DEVEX_PORT: 0, DEVEX_SYNC_SECRET: syncSecret })
  const target = { api: door.url, grant: 'grant-1', repl, generation: 1 }

  const post = (path: string, body: unknown, signal: AbortSignal | null = null) =>
    fetch(sync.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${syncSecret}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    })

  return {
    root,
    store,
    repl,
    fence,
    sync,
    target,
    post,
    ...folders,
    async flush(seq = 0): Promise<Flushed> {
      const answer = await post('/flush', { target, ...folders, seq })
      const body = await answer.json()
      if (answer.ok) return Flushed.parse(body)
      throw new AppError(WireError.parse(body).code, { say: WireError.parse(body).say })
    },
    /** The lines of progress; the last says done or failed. */
    async restore(source: RestoreRequest['source']): Promise<RestoreProgress[]> {
      const answer = await post('/restore', { target, ...folders, source })
      return (await answer.text())
        .trim()
        .split('\n')
        .map((line) => RestoreProgress.parse(JSON.parse(line)))
    },
    async close() {
      await sync.close()
      door.close()
      await removeTree(root)
    },
  }
}
