// Starts sync on this machine: one program that restores, follows and flushes for all repls, for who has its secret.
import { writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import pino from 'pino'
import type { SyncEnv } from '../../protocol/env.ts'
import { logLines } from '../../protocol/log-lines.ts'
import { syncDoor } from './door.ts'
import { type Rhythm, usualRhythm } from './rhythm.ts'

export type SyncConfig = Pick<SyncEnv, 'DEVEX_PORT' | 'DEVEX_SYNC_SECRET'> & Partial<SyncEnv>
export type Sync = { url: string; port: number; close(): Promise<void> }

/** `rhythm` is for those who cannot wait. */
export async function startSync(config: SyncConfig, rhythm: Partial<Rhythm> = {}): Promise<Sync> {
  const log = pino(
    { name: 'sync', level: config.DEVEX_LOG ?? 'silent' },
    logLines((bytes) => writeSync(1, bytes)),
  )
  const door = syncDoor({ secret: config.DEVEX_SYNC_SECRET, rhythm: { ...usualRhythm, ...rhythm }, log })
  // A flush of gigabytes takes as long as it takes; the caller's own deadline ends it.
  const server = createServer({ requestTimeout: 0 }, door.answer)
  const host = config.DEVEX_HOST ?? '127.0.0.1'
  server.listen(config.DEVEX_PORT, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('sync listens on no port')
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    close: async () => {
      server.close()
      await door.close()
      server.closeAllConnections()
    },
  }
}
