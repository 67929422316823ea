// Exposure by the front door: a table of runners' sockets and previews in a file that the front door watches; it speaks with no process.
import { mkdirSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RouteTable } from '../../../protocol/env.ts'
import {
  isLoopbackHost,
  originIn,
  previewLabel,
  readPreviewBase,
  type PreviewBase,
} from '../../../protocol/preview.ts'
import type { Doors, Exposure } from '../exposure.ts'
import { portForPreview } from './preview-ports.ts'

/** `previewHost`: a wildcard host for previews (readPreviewBase), where there is one. */
export type FrontDoorExposure = { routesFile: string; publicUrl: string; previewHost?: string | undefined }

/** Keeps what `routesFile` says already, so that runners that outlived the orchestrator stay reachable. */
export function frontDoorExposure(opts: FrontDoorExposure): Exposure {
  const { runners, slugs, ports } = tableIn(opts.routesFile)
  const write = tableWriter(opts.routesFile)
  const publish = () => write({ runners, slugs, ports })
  return {
    expose: (repl, { socket }) => {
      runners[repl] = { socket }
      return publish()
    },
    hide: (repl) => (delete runners[repl] ? publish() : Promise.resolve()),
    doors: (repl) => doorsOf(opts.publicUrl, repl),
    know: (known) => {
      Object.assign(slugs, known)
      return publish()
    },
    preview: async ({ repl, slug, port, from, plain, mayOpen = true }) => {
      const base = plain ? null : baseFor(opts, from)
      const isNew = slugs[slug] !== repl
      slugs[slug] = repl
      if (base !== null) {
        if (isNew) await publish()
        return originIn(base, previewLabel({ slug, port }))
      }
      const address = new URL(from)
      const host = address.hostname.replace(/^\[|\]$/g, '')
      const outer = await portForPreview(ports, { place: { slug, port }, host, mayOpen }, publish)
      address.port = String(outer)
      return address.origin
    },
  }
}

/** Null where a browser finds no host of a preview's own: an address of the network has no names below it. */
function baseFor({ previewHost, publicUrl }: FrontDoorExposure, from: string): PreviewBase | null {
  const port = Number(new URL(publicUrl).port || '80')
  if (previewHost !== undefined) return readPreviewBase(previewHost, port)
  const page = new URL(from)
  return isLoopbackHost(page.hostname) ? { scheme: 'http', suffix: 'localhost', port: page.port } : null
}

/** An unreadable table is an empty one: the orchestrator exposes again what it finds running. */
function tableIn(file: string): RouteTable {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  try {
    return RouteTable.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return { runners: {}, slugs: {}, ports: {} }
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
