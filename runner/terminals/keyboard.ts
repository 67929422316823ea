// Who may type in one terminal: everybody whose role lets them, or one holder alone; who asks for it, who gives and takes it, and
// when it goes back. Knows no socket and no program.
import { can, type Role } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import type { Keyboard as Shown, KeyboardWish } from '../../protocol/terminal.ts'
import type { Clock } from '../documents/clock.ts'
import type { Person } from './driver.ts'

/** Milliseconds that a holder may be away (a reload, a train in a tunnel) before the keyboard goes back. */
const awayMs = 15_000
/** Asks that are kept: a class may ask all at once. */
const mostAsks = 100
const minuteMs = 60_000

/** `back`: who gets it when this ends; null when it is everybody's again. */
export type Hold = { holder: Person; until: number | null; back: Person | null }

export type KeyboardDeps = {
  clock: Clock
  /** Somebody who has this terminal on a page, with their role of now; null when they have not. */
  present: (person: string) => Person | null
  onChange: () => void
  /** Who held it when a runner before this one ended. */
  kept: Hold | null
}

export class Keyboard {
  readonly #deps: KeyboardDeps
  #hold: Hold | null = null
  #asks: Person[] = []
  #callOffEnd: () => void = () => undefined
  #callOffAway: (() => void) | null = null

  constructor(deps: KeyboardDeps) {
    this.#deps = deps
    if (deps.kept === null) return
    this.#set({ ...deps.kept })
    // Nobody is here yet: the holder has as long to come back as after a reload.
    this.look()
  }

  get hold(): Hold | null {
    return this.#hold
  }

  get holder(): Person | null {
    return this.#hold?.holder ?? null
  }

  shown(): Shown {
    const bare = (person: Person | null | undefined): Shown['holder'] =>
      person ? { id: person.id, name: person.name } : null
    return {
      holder: bare(this.#hold?.holder),
      until: this.#hold?.until ?? null,
      back: bare(this.#hold?.back),
      asks: this.#asks.map(({ id, name, role }) => ({ id, name, role })),
    }
  }

  mayType(person: Person): boolean {
    return this.#hold === null ? can(person.role, 'terminal.type') : this.#hold.holder.id === person.id
  }

  /** Throws in words unless this person may type here now. */
  refuseOthers(person: Person): void {
    if (this.mayType(person)) return
    const holder = this.#hold?.holder
    throw holder === undefined ? forbidden() : held(holder)
  }

  /** As `refuseOthers`, for what an owner does whoever holds it. */
  refuseUnlessOwner(person: Person): void {
    if (!can(person.role, 'terminal.assign')) this.refuseOthers(person)
  }

  wish(person: Person, wish: KeyboardWish): void {
    if (wish.op === 'give') this.#give(person, { to: this.#mustBeHere(wish.to), minutes: wish.minutes })
    else if (wish.op === 'decline') this.#decline(person, wish.to)
    else if (wish.op === 'ask') this.#ask(person)
    else if (wish.op === 'withdraw') this.#drop(person.id)
    else if (wish.op === 'take') this.#take(person)
    else this.#release(person)
    this.#deps.onChange()
  }

  /** People came, went, or have another role. */
  look(): void {
    this.#asks = this.#asks.flatMap((ask) => this.#deps.present(ask.id) ?? [])
    const hold = this.#hold
    if (hold === null) return
    const here = this.#deps.present(hold.holder.id)
    if (here !== null) {
      this.#callOffAway?.()
      this.#callOffAway = null
      hold.holder = here
    } else this.#callOffAway ??= this.#deps.clock.after(awayMs, () => this.#end())
  }

  /** Whatever made them holder, a changed role ends it, unless they may type by the role they have now; null: removed. */
  roleChanged(person: string, role: Role | null): void {
    const mayType = role !== null && can(role, 'terminal.type')
    if (role === null) this.#asks = this.#asks.filter((ask) => ask.id !== person)
    if (this.#hold?.back?.id === person && !mayType) this.#hold.back = null
    if (this.#hold?.holder.id === person && !mayType) this.#end()
    this.look()
  }

  close(): void {
    this.#callOffEnd()
    this.#callOffAway?.()
  }

  #ask(person: Person): void {
    if (!can(person.role, 'terminal.ask')) throw forbidden()
    if (this.mayType(person)) throw new AppError('conflict', { say: 'You can type here already.' })
    if (this.#asks.some((ask) => ask.id === person.id)) return
    if (this.#asks.length >= mostAsks)
      throw new AppError('too-many', { say: 'Too many people ask at once. Try again later.' })
    this.#asks.push(person)
  }

  #take(person: Person): void {
    const isFree = this.#hold === null || this.#hold.holder.id === person.id
    if (!can(person.role, isFree ? 'terminal.drive' : 'terminal.assign')) throw this.#notYours()
    this.#set({ holder: person, until: null, back: null })
  }

  #give(person: Person, grant: { to: Person; minutes: number | undefined }): void {
    this.#mayGive(person)
    const { to, minutes } = grant
    if (!can(to.role, 'terminal.type') && !can(person.role, 'terminal.assign'))
      throw new AppError('forbidden', { say: `${to.name} is a viewer: only the owner can let them type.` })
    const until = minutes === undefined ? null : this.#deps.clock.now() + minutes * minuteMs
    // What was passed on goes back to its first giver; what was nobody's stays nobody's.
    const back = this.#hold?.holder.id === person.id ? person : (this.#hold?.back ?? null)
    this.#set({ holder: to, until, back: back?.id === to.id ? null : back })
  }

  #decline(person: Person, to: string): void {
    this.#mayGive(person)
    this.#drop(to)
  }

  #release(person: Person): void {
    if (this.#hold === null) return
    if (this.#hold.holder.id !== person.id && !can(person.role, 'terminal.assign')) throw this.#notYours()
    this.#end()
  }

  /** A viewer who was let in cannot pass it on. */
  #mayGive(person: Person): void {
    if (can(person.role, 'terminal.assign')) return
    if (!can(person.role, 'terminal.drive') || !this.mayType(person)) throw this.#notYours()
  }

  #mustBeHere(id: string): Person {
    const person = this.#deps.present(id)
    if (person === null) throw new AppError('not-found', { say: 'This person is not here any more.' })
    return person
  }

  #drop(person: string): void {
    this.#asks = this.#asks.filter((ask) => ask.id !== person)
  }

  /** A giver who has left or may not type any more gets nothing back: then it is everybody's. */
  #end(): void {
    const back = this.#hold?.back
    const here = back ? this.#deps.present(back.id) : null
    const mayHold = here !== null && can(here.role, 'terminal.type')
    this.#set(mayHold ? { holder: here, until: null, back: null } : null)
    this.#deps.onChange()
  }

  #set(hold: Hold | null): void {
    this.#callOffEnd()
    this.#callOffAway?.()
    this.#callOffAway = null
    this.#hold = hold
    if (hold === null) this.#asks = this.#asks.filter((ask) => !can(ask.role, 'terminal.type'))
    else this.#drop(hold.holder.id)
    const left = hold === null || hold.until === null ? null : hold.until - this.#deps.clock.now()
    this.#callOffEnd = left === null ? () => undefined : this.#deps.clock.after(left, () => this.#end())
  }

  #notYours(): AppError {
    const holder = this.#hold?.holder
    return holder === undefined ? forbidden() : held(holder)
  }
}

function held(holder: Person): AppError {
  return new AppError('forbidden', {
    say: `${holder.name} has the keyboard of this terminal. Ask for it first.`,
  })
}

export function forbidden(): AppError {
  return new AppError('forbidden', { say: 'You are watching: only people who may edit can use terminals.' })
}
