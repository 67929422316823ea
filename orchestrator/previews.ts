// Previews of a repl: its slug, given once and to no other ever; who may see which port; a ticket for who asks. Passes no byte.
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Action } from '../protocol/access.ts'
import { AppError } from '../protocol/errors.ts'
import { PersonId, ReplId } from '../protocol/ids.ts'
import {
  type AskPreview,
  maySee,
  newPreviewSlug,
  type Preview,
  previewOwnPath,
  type PreviewRules,
  PreviewSlug,
  type ShowPreview,
  usualVisibility,
  Visibility,
} from '../protocol/preview.ts'
import type { Person } from '../protocol/repl.ts'
import type { Audit } from './access/audit.ts'
import { checkSessionToken } from './access/session-token.ts'
import type { Tokens } from './access/tokens.ts'
import type { Clock } from './clock.ts'
import type { Exposure } from './exposure/exposure.ts'
import { isConflict, table, type Table } from './ledger/table.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { ReplRecord } from './record.ts'

/** `ports`: those that are shown to others than the usual. */
const PreviewRecord = z.object({
  slug: PreviewSlug,
  ports: z.record(z.string(), Visibility),
})
/** Never removed, so that an address that somebody kept never leads to another's page. */
const SlugRecord = z.object({ repl: ReplId, by: PersonId })

/** Ports of one repl that somebody may have decided about. */
const mostDecided = 200

export type PreviewParts = {
  ledger: Ledger
  repls: Pick<Table<ReplRecord>, 'get'>
  /** Its `check` throws unless this person may. */
  people: { check(who: Person, repl: string, action: Action): Promise<unknown> }
  audit: Audit
  tokens: Pick<Tokens, 'ticket'>
  clock: Pick<Clock, 'now'>
  exposure: Pick<Exposure, 'preview' | 'know'>
  /** Origins under which people reach us; the first when somebody names another. */
  origins: readonly string[]
}

export class Previews {
  readonly #parts: PreviewParts
  readonly #records: Table<z.infer<typeof PreviewRecord>>
  readonly #slugs: Table<z.infer<typeof SlugRecord>>

  constructor(parts: PreviewParts) {
    this.#parts = parts
    this.#records = table(parts.ledger, 'previews/', PreviewRecord)
    this.#slugs = table(parts.ledger, 'preview-slugs/', SlugRecord)
  }

  /** Where a port is seen, with a ticket to get in there once. */
  async ask(who: Person, id: string, wish: z.infer<typeof AskPreview>): Promise<Preview> {
    const { people, exposure, tokens, origins } = this.#parts
    await people.check(who, id, 'preview.see')
    const record = await this.#running(id)
    const { slug, ports } = await this.#recordOf(record, who)
    const from = origins.includes(wish.from) ? wish.from : (origins[0] ?? wish.from)
    const { port, plain, to, mayOpen } = wish
    const visibility = ports[port] ?? usualVisibility
    if (!maySee(visibility, record.members[who.id] ?? null))
      throw new AppError('forbidden', { say: `The owner shows port ${port} to nobody else.` })
    const origin = await exposure.preview({ repl: id, slug, port, from, plain, mayOpen })
    const ticket = await tokens.ticket({ repl: id, generation: record.generation, person: who.id, port })
    const asked = new URLSearchParams({ ticket: ticket.token, to })
    const url = `${origin}${previewOwnPath}enter?${asked}`
    return { port, origin, url, visibility }
  }

  async show(who: Person, id: string, wish: z.infer<typeof ShowPreview>): Promise<typeof wish> {
    await this.#parts.people.check(who, id, 'preview.share')
    const record = (await this.#parts.repls.get(id))?.value
    if (record === undefined) throw noRepl()
    await this.#recordOf(record, who)
    let from: Visibility = usualVisibility
    await this.#records.change(id, (now) => {
      from = now.ports[wish.port] ?? usualVisibility
      const ports = { ...now.ports, [wish.port]: wish.visibility }
      if (Object.keys(ports).length > mostDecided)
        throw new AppError('too-many', { say: 'Too many ports of this REPL have a rule of their own.' })
      return { ...now, ports }
    })
    const { port, visibility: to } = wish
    if (from !== to) await this.#parts.audit.note({ what: 'preview-shown', who, repl: id, port, from, to })
    return wish
  }

  /** For the session's own runner, which proves itself by `token`. */
  async rules(id: string, token: string): Promise<PreviewRules> {
    const record = ReplId.safeParse(id).success ? ((await this.#parts.repls.get(id))?.value ?? null) : null
    if (record === null) throw noRepl()
    await checkSessionToken(record, token, this.#parts.clock.now())
    const known = await this.#records.get(id)
    return { members: record.members, ports: known?.value.ports ?? {} }
  }

  /** At the start: addresses that people kept lead to their repls again, whatever became of the table of routes. */
  async tellAll(): Promise<void> {
    const rows = await this.#records.list()
    if (rows.length === 0) return
    await this.#parts.exposure.know(Object.fromEntries(rows.map(({ id, value }) => [value.slug, id])))
  }

  async forget(id: string): Promise<void> {
    const row = await this.#records.get(id)
    if (row !== null) await this.#records.remove(row)
  }

  async #running(id: string): Promise<ReplRecord> {
    const record = (await this.#parts.repls.get(id))?.value
    if (record?.phase === 'RUNNING' || record?.phase === 'DEGRADED') return record
    throw new AppError('not-running', { say: 'This REPL is not running. Start it first.' })
  }

  /** Two who ask first at the same instant agree on one slug; the other's is used up. */
  async #recordOf(record: ReplRecord, who: Person): Promise<z.infer<typeof PreviewRecord>> {
    const known = await this.#records.get(record.id)
    if (known !== null) return known.value
    try {
      const slug = await this.#newSlug(record, who)
      return (await this.#records.create(record.id, { slug, ports: {} })).value
    } catch (thrown) {
      if (!isConflict(thrown)) throw thrown
      return this.#recordOf(record, who)
    }
  }

  async #newSlug(record: ReplRecord, who: Person): Promise<string> {
    const slug = newPreviewSlug(record.name, randomBytes)
    await this.#slugs.create(slug, { repl: record.id, by: who.id })
    return slug
  }
}

function noRepl(): AppError {
  return new AppError('not-found', { say: 'There is no such REPL, or you were not invited to it.' })
}
