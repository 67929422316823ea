// Where runners listen: the route table's file, kept in memory, read again when it changes and whenever a repl is not in it.
import { mkdirSync, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Logger } from 'pino'
import { RouteTable } from '../../../protocol/env.ts'

export type Runners = { socketOf(repl: string): Promise<string | null>; close(): void }

export function watchRunners(file: string, log: Logger): Runners {
  let table: RouteTable['runners'] = {}
  let begun = 0
  let shown = 0

  /** Of reads that overlap the one begun last is kept; a table that cannot be read changes nothing. */
  const read = async () => {
    const mine = ++begun
    const fresh = await readTable(file).catch(
      (err: unknown) => void log.warn({ err }, 'route table unreadable'),
    )
    if (fresh === undefined || mine < shown) return
    shown = mine
    table = fresh
  }

  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // The folder is watched, not the file: each new table is another file renamed to this name.
  const watcher = watch(dirname(file), (_event, name) => {
    if (name === null || name === basename(file)) void read()
  })
  watcher.on('error', (err) => log.warn({ err }, 'route table no longer watched'))
  void read()

  return {
    socketOf: async (repl) => {
      if (!Object.hasOwn(table, repl)) await read()
      return Object.hasOwn(table, repl) ? (table[repl]?.socket ?? null) : null
    },
    close: () => watcher.close(),
  }
}

/** No file yet is an empty table. */
async function readTable(file: string): Promise<RouteTable['runners']> {
  const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return '{"runners":{}}'
    throw thrown
  })
  return RouteTable.parse(JSON.parse(text)).runners
}
