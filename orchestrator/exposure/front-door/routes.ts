// Where runners and previews are: the route table's file, kept in memory, looked at again for every request and read when it is another one.
import { readFileSync, statSync } from 'node:fs'
import type { Logger } from 'pino'
import { RouteTable } from '../../../protocol/env.ts'
import type { PreviewPlace } from '../../../protocol/preview.ts'

export type Routes = {
  socketOf(repl: string): string | null
  /** The repl of a preview's slug, running or not. */
  replOf(slug: string): string | null
  /** The preview that one of our own ports leads to. */
  previewAt(port: number): PreviewPlace | null
  /** All ports that lead to previews. */
  ports(): number[]
}

/** Milliseconds in which a file system may give two tables the same time: a table this young is read each time. */
const youngMs = 50

/**
 * Looking costs microseconds and leaves no moment in which an exposed runner is not found yet, or a hidden one still is; a watcher
 * would. A table that cannot be read changes nothing.
 */
export function routesIn(file: string, log: Logger): Routes {
  let table: RouteTable = { runners: {}, slugs: {}, ports: {} }
  let known = ''

  const refresh = () => {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
    const seen = stat === undefined ? 'none' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`
    const isYoung = stat !== undefined && Date.now() - Number(stat.mtimeMs) < youngMs
    if (seen === known && !isYoung) return
    table =
      stat === undefined
        ? { runners: {}, slugs: {}, ports: {} }
        : RouteTable.parse(JSON.parse(readFileSync(file, 'utf8')))
    known = seen
  }
  const fresh = (): RouteTable => {
    try {
      refresh()
    } catch (err) {
      log.warn({ err }, 'the route table cannot be read')
    }
    return table
  }

  return {
    socketOf: (repl) => own(fresh().runners, repl)?.socket ?? null,
    replOf: (slug) => own(fresh().slugs, slug),
    previewAt: (port) => own(fresh().ports, String(port)),
    ports: () => Object.keys(fresh().ports).map(Number),
  }
}

/** What a stranger names may be the name of something every object has. */
function own<T>(table: Record<string, T>, name: string): T | null {
  return Object.hasOwn(table, name) ? (table[name] ?? null) : null
}
