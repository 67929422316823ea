// Opens what a session remembers (log, register, snapshots) and the documents on top of it. Knows no door.
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { RunnerLaunch } from '../protocol/control.ts'
import { tmpPrefix } from '../protocol/paths.ts'
import { privateFolder, systemDisk } from './disk.ts'
import type { Disk } from './durable.ts'
import type { Clock } from './documents/clock.ts'
import { Documents } from './documents/documents.ts'
import { Log } from './documents/log.ts'
import type { Files } from './documents/ports.ts'
import { Register } from './documents/register.ts'
import { Reserve } from './documents/reserve.ts'
import { textCodec } from './workspace/files.ts'

export type Memory = { log: Log; documents: Documents }

/** Below `<state>`: `log/<generation>-<n>`, `docs/<doc>`, `documents.json`. */
export async function openMemory(
  launch: Pick<RunnerLaunch, 'state' | 'generation'>,
  deps: {
    files: Files
    clock: Clock
    logger: Logger
    disk?: Disk
    reserveBytes?: number
    segmentBytes?: number
    mostCharacters?: number
  },
): Promise<Memory> {
  const { clock, logger, files, disk = systemDisk } = deps
  const snapshots = join(launch.state, 'docs')
  await privateFolder(snapshots)
  const register = await Register.open(join(launch.state, 'documents.json'), disk)
  const log = await Log.open({
    folder: join(launch.state, 'log'),
    generation: launch.generation,
    from: register.from,
    found: (record) => register.replay(record),
    clock,
    logger,
    disk,
    segmentBytes: deps.segmentBytes,
    reserve: await Reserve.at(disk, join(launch.state, `${tmpPrefix}-reserve`), deps.reserveBytes),
  })
  const shared = { disk, snapshots, clock, logger, mostCharacters: deps.mostCharacters }
  return { log, documents: new Documents({ ...shared, files, codec: textCodec, log, register }) }
}
