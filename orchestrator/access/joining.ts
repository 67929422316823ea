// How somebody comes into a repl by an invite: under a name of their own, counted and noted once. What an invite is, is invites.ts.
import type { Role } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import { AcceptInvite, type Person, type Repl } from '../../protocol/repl.ts'
import type { ReplRecord } from '../record.ts'
import type { Repls } from '../repls.ts'
import { type Audit, inviteMark } from './audit.ts'
import { type Invites, roleAfter } from './invites.ts'
import type { Members } from './members.ts'
import type { People } from './people.ts'

export type JoiningParts = { people: People; repls: Repls; invites: Invites; members: Members; audit: Audit }
type Wish = { code: string; known: Person | null; name: string | undefined }
type Joined = { person: Person; repl: Repl }

export class Joining {
  readonly #parts: JoiningParts
  /** Ends when everybody has come in who asked: one at a time, so that who comes at the same instant sees the other's name. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: JoiningParts) {
    this.#parts = parts
  }

  accept(wish: Wish): Promise<Joined> {
    const coming = this.#turn.then(() => this.#accept(wish))
    this.#turn = coming.catch(() => undefined)
    return coming
  }

  /** One use is counted, and a line noted, for whoever gets something by it; who has the role already comes in without. */
  async #accept({ code, known, name }: Wish): Promise<Joined> {
    const { repls, invites, members, audit } = this.#parts
    const { repl, role, createdAt } = await invites.find(code)
    const record = await repls.known(repl)
    if (known !== null) members.refuseWhoWasRemoved(record, known, createdAt)
    const called = await this.#nameToJoinBy(record, known, name)
    if (known !== null && hasAlready(record, known, role))
      return { person: known, repl: await repls.get(known, repl) }
    await invites.use(code)
    const person = await this.#personCalled(known, called)
    if (known === null) await audit.note({ what: 'sign-in', who: person, by: 'invite' })
    await audit.note({ what: 'invite-used', who: person, repl, invite: inviteMark(code) })
    await members.admit(person, repl, role)
    return { person, repl: await repls.get(person, repl) }
  }

  /** Who has no name yet, or is a guest new to this REPL, must be called as nobody in it is; a guest who is may choose another name. */
  async #nameToJoinBy(record: ReplRecord, known: Person | null, name: string | undefined): Promise<string> {
    const { people, members } = this.#parts
    if (known !== null && (record.members[known.id] !== undefined || !(await people.isGuest(known.id))))
      return known.name
    const wish = name ?? known?.name
    if (wish === undefined)
      throw new AppError('bad-input', { say: 'Give a name, so that others see who you are.' })
    const called = AcceptInvite.parse({ name: wish }).name ?? wish
    await members.refuseTakenName(record, called)
    if (known !== null && called !== known.name) await members.refuseTakenNewName(known, called)
    return called
  }

  async #personCalled(known: Person | null, name: string): Promise<Person> {
    const { people } = this.#parts
    if (known === null) return people.makeGuest(name)
    return known.name === name ? known : people.renameGuest(known.id, name)
  }
}

function hasAlready(record: ReplRecord, { id }: Person, granted: Role): boolean {
  const held = record.members[id]
  return held !== undefined && roleAfter(held, granted) === held
}
