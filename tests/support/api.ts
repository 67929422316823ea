// The orchestrator's API as the app asks it, for tests that have no app: people, repls, and the wait for what was asked.
import { z } from 'zod'
import { Doors, Invite, Person, Repl } from '../../protocol/repl.ts'
import { eventually } from './eventually.ts'

/** Milliseconds after which a repl that does not come is a failure. */
const patienceMs = 60_000

export class Api {
  readonly #at: { url: () => string; secret: string }

  constructor(at: { url: () => string; secret: string }) {
    this.#at = at
  }

  /** One question to the API, as the app asks for `person`. */
  async ask(
    method: 'GET' | 'POST',
    path: string,
    how: { person?: string; body?: object } = {},
  ): Promise<unknown> {
    const answer = await fetch(`${this.#at.url()}/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#at.secret}`,
        'content-type': 'application/json',
        connection: 'close',
        ...(how.person === undefined ? {} : { 'x-devex-person': how.person }),
      },
      ...(method === 'GET' ? {} : { body: JSON.stringify(how.body ?? {}) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`)
    return JSON.parse(text)
  }

  async owner(): Promise<string> {
    const link = z.object({ code: z.string() }).parse(await this.ask('POST', '/links'))
    const consumed = await this.ask('POST', '/links/consume', { body: { code: link.code } })
    return z.object({ person: Person }).parse(consumed).person.id
  }

  async create(person: string, name: string): Promise<string> {
    const made = await this.ask('POST', '/repls', { person, body: { name, template: 'python' } })
    return z.object({ repl: Repl }).parse(made).repl.id
  }

  /** Somebody who comes by an invite and may edit. */
  async guest(repl: string, of: { owner: string; name: string }): Promise<string> {
    const made = await this.ask('POST', `/repls/${repl}/invites`, {
      person: of.owner,
      body: { role: 'editor' },
    })
    const { code } = z.object({ invite: Invite }).parse(made).invite
    const came = await this.ask('POST', `/invites/${code}/accept`, { body: { name: of.name } })
    return z.object({ person: Person }).parse(came).person.id
  }

  async repl(person: string, repl: string): Promise<Repl> {
    return z.object({ repl: Repl }).parse(await this.ask('GET', `/repls/${repl}`, { person })).repl
  }

  async doors(person: string, repl: string): Promise<Doors> {
    return z.object({ doors: Doors }).parse(await this.ask('POST', `/repls/${repl}/doors`, { person })).doors
  }

  async startRepl(person: string, repl: string): Promise<void> {
    await this.ask('POST', `/repls/${repl}/start`, { person })
    await this.running(person, repl)
  }

  /** The steps that a page is told from now on, up to and with `last`: `step state` each. */
  async steps(person: string, repl: string, last: string): Promise<string[]> {
    const answer = await fetch(`${this.#at.url()}/v1/repls/${repl}/progress`, {
      headers: { authorization: `Bearer ${this.#at.secret}`, 'x-devex-person': person },
      signal: AbortSignal.timeout(patienceMs),
    })
    const [told, text] = [[] as string[], new TextDecoder()]
    let rest = ''
    for await (const piece of answer.body ?? []) {
      const blocks = (rest + text.decode(piece, { stream: true })).split('\n\n')
      rest = blocks.pop() ?? ''
      told.push(...blocks.flatMap(stepIn))
      if (told.includes(last)) break
    }
    return told
  }

  /** Waits until the session is well: both processes, the link and the terminals. */
  async running(person: string, repl: string): Promise<void> {
    await this.#phase(person, repl, 'RUNNING')
  }

  /** Presses stop, again when a backup failed meanwhile, and waits for the end. */
  async stopRepl(person: string, repl: string): Promise<void> {
    await eventually(() => this.ask('POST', `/repls/${repl}/stop`, { person }), patienceMs)
    await this.#phase(person, repl, 'STOPPED', async (phase) => {
      if (phase === 'FLUSH_FAILED') await this.ask('POST', `/repls/${repl}/stop`, { person })
    })
  }

  async #phase(
    person: string,
    repl: string,
    wanted: string,
    otherwise: (phase: string) => Promise<void> = async () => undefined,
  ): Promise<void> {
    let seen = ''
    await eventually(async () => {
      const { phase, reason } = await this.repl(person, repl)
      seen = `${phase}: ${reason}`
      if (phase !== wanted) await otherwise(phase)
      return phase === wanted
    }, patienceMs).catch((fault: unknown) => {
      throw new Error(`${repl} is ${seen}, not ${wanted}`, { cause: fault })
    })
  }
}

function stepIn(block: string): string[] {
  const data = /^id: .*\ndata: (.*)$/m.exec(block)?.[1]
  if (data === undefined) return []
  const { step, state } = z.object({ step: z.string(), state: z.string() }).parse(JSON.parse(data))
  return [`${step} ${state}`]
}
