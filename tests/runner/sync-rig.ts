// A folder store behind its real door, a real sync, and temp folders: what a flush and a restore need, and nothing else.
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folderStore } from '../../orchestrator/objects/folder/start.ts'
import type { ObjectStore } from '../../orchestrator/objects/object-store.ts'
import {
  Flushed,
  FollowProgress,
  type FollowRequest,
  RestoreProgress,
  type RestoreRequest,
} from '../../protocol/control.ts'
import { AppError, WireError } from '../../protocol/errors.ts'
import { type Guarded, startObjectsDoor } from '../exams/object-store-door.ts'
import { newReplId } from '../../protocol/ids.ts'
import { removeTree } from '../../runner/sync/remove.ts'
import { startSync } from '../../runner/sync/start.ts'

const syncSecret = 's'.repeat(32)

export type Rig = Awaited<ReturnType<typeof startRig>>

/** With a store of the test's own, or a real folder; a test that cannot wait gives another rhythm, one of tests other guards. */
export async function startRig(
  own?: ObjectStore,
  rhythm: Parameters<typeof startSync>[1] = {},
  guards: Guarded['guards'] = {},
) {
  const root = await mkdtemp(join(tmpdir(), 'devex-sync-'))
  const store = own ?? (await folderStore(join(root, 'store')))
  const repl = newReplId(randomBytes)
  const folders = { workspace: join(root, 'repl/workspace'), state: join(root, 'repl/state') }
  await mkdir(folders.workspace, { recursive: true })
  await mkdir(folders.state)
  const fence = { generation: 1 }

  const door = await startObjectsDoor({ store, repl, fence, guards })
  const sync = await startSync({ DEVEX_PORT: 0, DEVEX_SYNC_SECRET: syncSecret }, rhythm)
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
    door,
    ...folders,
    /** Follows the session until `stop`; `lines` are what sync told so far. */
    follow(change: Partial<FollowRequest> = {}) {
      const stop = new AbortController()
      const lines: FollowProgress[] = []
      const ended = readLines(
        post('/follow', { target, ...folders, seq: 0, log: 0, ...change }, stop.signal),
        lines,
      )
      return { lines, ended, stop: () => (stop.abort(), ended) }
    },
    async flush(seq = 0): Promise<Flushed> {
      const answer = await post('/flush', { target, ...folders, seq })
      const body = await answer.json()
      if (answer.ok) return Flushed.parse(body)
      throw new AppError(WireError.parse(body).code, { say: WireError.parse(body).say })
    },
    /** The lines of progress; the last says done or failed. */
    async restore(source: RestoreRequest['source'], log: string[] = []): Promise<RestoreProgress[]> {
      const answer = await post('/restore', { target, ...folders, source, log })
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

async function readLines(asked: Promise<Response>, lines: FollowProgress[]): Promise<void> {
  try {
    let held = ''
    const decoder = new TextDecoder()
    for await (const chunk of (await asked).body ?? []) {
      const whole = (held + decoder.decode(chunk, { stream: true })).split('\n')
      held = whole.pop() ?? ''
      lines.push(...whole.map((line) => FollowProgress.parse(JSON.parse(line))))
    }
  } catch {
    // The test has stopped it.
  }
}
