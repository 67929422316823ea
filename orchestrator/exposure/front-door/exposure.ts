// Exposure by the front door: a table of runners' sockets in a file that the front door watches; it speaks with no process.
import { mkdirSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RouteTable } from '../../../protocol/env.ts'
import type { Doors, Exposure } from '../exposure.ts'

/** Keeps what `routesFile` says already, so that runners that outlived the orchestrator stay reachable. */
export function frontDoorExposure(opts: { routesFile: string; publicUrl: string }): Exposure {
  const runners = new Map(Object.entries(tableIn(opts.routesFile).runners))
  const write = tableWriter(opts.routesFile)
  const publish = () => write({ runners: Object.fromEntries(runners) })
  return {
    expose: (repl, { socket }) => {
      runners.set(repl, { socket })
      return publish()
    },
    hide: (repl) => (runners.delete(repl) ? publish() : Promise.resolve()),
    doors: (repl) => doorsOf(opts.publicUrl, repl),
  }
}

/** An unreadable table is an empty one: the orchestrator exposes again what it finds running. */
function tableIn(file: string): RouteTable {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  try {
    return RouteTable.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return { runners: {} }
  }
}

/** One write at a time, each by rename: the front door never reads half a table, and the last one stays. */
function tableWriter(file: string): (table: RouteTable) => Promise<void> {
  let turn: Promise<unknown> = Promise.resolve()
  return (table) => {
    const text = JSON.stringify(table)
    const mine = turn.then(() => replace(file, text))
    turn = mine.catch(() => undefined)
    return mine
  }
}

async function replace(file: string, text: string): Promise<void> {
  const tmp = `${file}.tmp`
  await writeFile(tmp, text, { mode: 0o600 })
  await rename(tmp, file)
}

function doorsOf(publicUrl: string, repl: string): Doors {
  const origin = new URL(publicUrl).origin
  return { collab: `${origin.replace(/^http/, 'ws')}/collab`, runner: `${origin}/r/${repl}` }
}
