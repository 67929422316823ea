// Where runners listen: the route table's file, kept in memory, looked at again for every request and read when it is another one.
import { readFileSync, statSync } from 'node:fs'
import type { Logger } from 'pino'
import { RouteTable } from '../../../protocol/env.ts'

export type Runners = { socketOf(repl: string): string | null }

/** Milliseconds in which a file system may give two tables the same time: a table this young is read each time. */
const youngMs = 50

/**
 * Looking costs microseconds and leaves no moment in which an exposed runner is not found yet, or a hidden one still is; a watcher
 * would. A table that cannot be read changes nothing.
 */
export function runnersIn(file: string, log: Logger): Runners {
  let table: RouteTable['runners'] = {}
  let known = ''

  const refresh = () => {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
    const seen = stat === undefined ? 'none' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`
    const isYoung = stat !== undefined && Date.now() - Number(stat.mtimeMs) < youngMs
    if (seen === known && !isYoung) return
    table = stat === undefined ? {} : RouteTable.parse(JSON.parse(readFileSync(file, 'utf8'))).runners
    known = seen
  }

  return {
    socketOf: (repl) => {
      try {
        refresh()
      } catch (err) {
        log.warn({ err }, 'the route table cannot be read')
      }
      return Object.hasOwn(table, repl) ? (table[repl]?.socket ?? null) : null
    },
  }
}
