// An orchestrator for tests: real ledger, real sandbox with small programs, real sync and folder store, real HTTP.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unzipSync } from 'fflate'
import { pino } from 'pino'
import type { OrchestratorConfig } from '../../orchestrator/config.ts'
import { type Orchestrator, type Replaced, startOrchestrator } from '../../orchestrator/start.ts'
import { startSync, type Sync } from '../../runner/sync/start.ts'
import type { Doors, Invite, Orphan, Person, ProgressEvent, Repl, TookKept } from '../../protocol/repl.ts'
import { eventually } from './eventually.ts'
import { tempFolder } from './folders.ts'

const programs = fileURLToPath(new URL('./programs', import.meta.url))
const templates = fileURLToPath(new URL('../../templates', import.meta.url))

/** What any question may answer; a test looks at the part it asked for. */
export type Reply = {
  status: number
  person: Person
  repl: Repl
  repls: Repl[]
  doors: Doors
  invite: Invite & { replName: string; invitedBy: string }
  code: string
  error: { code: string; say: string }
  templates: { id: string }[]
  orphans: Orphan[]
  took: TookKept
  keys: { kid: string; x: string; d?: string }[]
}

export type House = {
  folder: string
  config: OrchestratorConfig
  orchestrator: Orchestrator
  sync: Sync
  ask(method: string, path: string, of?: { as?: Person; body?: unknown; secret?: string }): Promise<Reply>
  /** The files of a zip, by path. */
  zip(path: string, who: Person): Promise<Record<string, string>>
  /** The owner, by a fresh link. */
  owner(): Promise<Person>
  until(repl: string, who: Person, phase: Repl['phase']): Promise<Repl>
  /** Reads the progress stream until `enough`; gives its events and how often the repl was told. */
  progress(
    repl: string,
    who: Person,
    of: { after?: number; enough: (events: ProgressEvent[], repls: Repl[]) => boolean },
  ): Promise<Stream>
  /** Another orchestrator over the same folders, as after a restart. */
  restart(replaced?: Replaced): Promise<void>
  /** Another sync on the same port, after the first was closed. */
  syncAgain(port: number): Promise<void>
  end(): Promise<void>
}

export type Stream = { events: ProgressEvent[]; repls: Repl[] }

/** `rhythm` of the backups, for tests that cannot wait. */
export async function openHouse(
  replaced: Replaced = {},
  rhythm: Parameters<typeof startSync>[1] = {},
): Promise<House> {
  const folder = await tempFolder()
  const syncSecret = randomBytes(32).toString('hex')
  let sync = await startSync({ DEVEX_PORT: 0, DEVEX_SYNC_SECRET: syncSecret }, rhythm)
  const config: OrchestratorConfig = {
    build: 'test',
    logLevel: 'silent',
    port: 0,
    data: join(folder.path, 'data'),
    run: join(folder.path, 'run'),
    serviceSecret: randomBytes(32).toString('hex'),
    relaySecret: randomBytes(32).toString('hex'),
    sync: { url: sync.url, secret: syncSecret },
    collabUrl: 'ws://127.0.0.1:1',
    publicUrl: 'http://localhost:7070',
    origins: ['http://localhost:7070'],
    routes: join(folder.path, 'run', 'routes.json'),
    templates,
    programs,
    isolation: 'process',
    ownerName: 'Ada',
    system: { path: process.env['PATH'] ?? '', lang: 'C.UTF-8', shell: '/bin/bash' },
  }
  const log = pino({ level: process.env['TEST_LOG'] ?? 'silent' })
  let orchestrator = await startOrchestrator(config, { log, ...replaced })

  const ask: House['ask'] = async (method, path, of = {}) => {
    const headers: Record<string, string> = { authorization: `Bearer ${of.secret ?? config.serviceSecret}` }
    if (of.as !== undefined) headers['x-devex-person'] = of.as.id
    if (of.body !== undefined) headers['content-type'] = 'application/json'
    const init = { method, headers, ...(of.body === undefined ? {} : { body: JSON.stringify(of.body) }) }
    const response = await fetch(orchestrator.url + path, init)
    return { status: response.status, ...((await response.json()) as object) } as Reply
  }

  const house: House = {
    folder: folder.path,
    config,
    get sync() {
      return sync
    },
    get orchestrator() {
      return orchestrator
    },
    ask,
    async zip(path, who) {
      const response = await fetch(orchestrator.url + path, {
        headers: { authorization: `Bearer ${config.serviceSecret}`, 'x-devex-person': who.id },
      })
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
      const files = unzipSync(new Uint8Array(await response.arrayBuffer()))
      return Object.fromEntries(
        Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
      )
    },
    async owner() {
      const { code } = await ask('POST', '/v1/links', { body: {} })
      return (await ask('POST', '/v1/links/consume', { body: { code } })).person
    },
    until: (repl, who, phase) =>
      eventually(async () => {
        const reply = await ask('GET', `/v1/repls/${repl}`, { as: who })
        if (reply.repl.phase === phase) return reply.repl
        throw new Error(`${reply.repl.phase}: ${reply.repl.reason}`)
      }, 15_000),
    async progress(repl, who, of) {
      const stop = new AbortController()
      const headers: Record<string, string> = {
        authorization: `Bearer ${config.serviceSecret}`,
        'x-devex-person': who.id,
      }
      if (of.after !== undefined) headers['last-event-id'] = String(of.after)
      const response = await fetch(`${orchestrator.url}/v1/repls/${repl}/progress`, {
        headers,
        signal: stop.signal,
      })
      const read: Stream = { events: [], repls: [] }
      let text = ''
      const decoder = new TextDecoder()
      const reader = response.body!.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        const parts = (text + decoder.decode(value, { stream: true })).split('\n\n')
        text = parts.pop() ?? ''
        for (const part of parts) take(part, read)
        if (done || of.enough(read.events, read.repls)) break
      }
      stop.abort()
      return read
    },
    async restart(next = {}) {
      await orchestrator.close()
      orchestrator = await startOrchestrator(config, { log, ...next })
    },
    async syncAgain(port) {
      sync = await startSync({ DEVEX_PORT: port, DEVEX_SYNC_SECRET: syncSecret }, rhythm)
    },
    async end() {
      await orchestrator.sessions.endAll()
      await orchestrator.close()
      await sync.close()
      await folder.remove()
    },
  }
  return house
}

function take(part: string, into: Stream): void {
  const data = /^data: (.*)$/m.exec(part)?.[1]
  if (data === undefined) return
  if (part.startsWith('event: repl')) into.repls.push(JSON.parse(data) as Repl)
  else into.events.push(JSON.parse(data) as ProgressEvent)
}

/** A repl of this owner, made from a template and not started. */
export async function aRepl(house: House, owner: Person, name = 'two sum'): Promise<Repl> {
  return (await house.ask('POST', '/v1/repls', { as: owner, body: { name, template: 'python' } })).repl
}
