// What a session is below its doors: the workspace watched, its tree, the documents and the link to the relay.
// Opens them and closes them in order; the doors are put on top by start.ts.
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import type { RunnerLaunch } from '../protocol/control.ts'
import type { Clock } from './documents/clock.ts'
import type { Documents } from './documents/documents.ts'
import type { Log } from './documents/log.ts'
import type { Disk } from './durable.ts'
import { Link, type Hold } from './doors/link.ts'
import type { Identity } from './identity.ts'
import { openMemory } from './memory.ts'
import { confine, type Confined } from './workspace/confine.ts'
import { filesOf } from './workspace/files.ts'
import { WorkspaceTree } from './workspace/tree.ts'
import { watchWorkspace, type WorkspaceWatch } from './workspace/watch.ts'

export type Core = {
  confined: Confined
  tree: WorkspaceTree
  watcher: WorkspaceWatch
  log: Log
  documents: Documents
  link: Link
  /** Puts everything away and lets go of it. */
  close(): Promise<void>
}

type CoreDeps = { launch: RunnerLaunch; identity: Identity; clock: Clock; logger: Logger; disk?: Disk }

export async function openCore(deps: CoreDeps): Promise<Core> {
  const { launch, logger } = deps
  // Beside our state: not in the way of people and tools, and on one machine on the workspace's file system.
  const confined = confine(launch.workspace, { scratch: join(dirname(launch.state), 'scratch') })
  const { log, documents } = await openMemory(launch, { ...deps, files: filesOf(confined) })
  const tree = new WorkspaceTree({ confined, log: logger })
  const look = async (paths: Set<string>): Promise<void> => {
    await Promise.all([documents.changed(paths), tree.touch(paths)])
  }
  const watcher = await watchWorkspace({
    root: launch.workspace,
    onChange: (paths) =>
      void look(paths).catch((fault: unknown) =>
        logger.error({ err: fault }, 'a change could not be taken in'),
      ),
    onUnsayable: (folder) => tree.recount(folder),
    log: logger,
  })
  await tree.start()
  const link = new Link({ ...deps, documents, log })
  const hold =
    (what: Hold) =>
    (why: string | null): void =>
      why === null ? link.thaw(what) : void link.freeze(what, why)
  // With the relay away somebody may type into an epoch that we take for deserted.
  documents.renewWhen(() => link.ready)
  log.listen({ trouble: hold('log') })
  documents.listen({ trouble: hold('files') })
  const close = async (): Promise<void> => {
    await link.close()
    await watcher.close()
    tree.close()
    await documents.putAway()
    await documents.close()
    await log.close()
  }
  return { confined, tree, watcher, log, documents, link, close }
}
