// Who types in a terminal: asking, giving, declining, taking, times and leaving; over real sockets and a real shell, and as a game
// of many moves.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { can, type Role } from '../../../protocol/access.ts'
import { AppError } from '../../../protocol/errors.ts'
import type { KeyboardWish, TerminalInfo } from '../../../protocol/terminal.ts'
import type { Clock } from '../../../runner/documents/clock.ts'
import type { Person } from '../../../runner/terminals/driver.ts'
import { Keyboard } from '../../../runner/terminals/keyboard.ts'
import { seeded } from '../box/seeded.ts'
import { eventually, ids, repl, Stage, type Name, type Page } from './stage.ts'

/** Time that moves when a test says so. */
class Hand implements Clock {
  #now = 1_000_000
  #waiting: { at: number; run: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const one = { at: this.#now + ms, run }
    this.#waiting.push(one)
    return () => (this.#waiting = this.#waiting.filter((other) => other !== one))
  }

  pass(ms: number): void {
    this.#now += ms
    const due = this.#waiting.filter(({ at }) => at <= this.#now)
    this.#waiting = this.#waiting.filter(({ at }) => at > this.#now)
    for (const { run } of due) run()
  }
}

let stage: Stage
let clock: Hand
beforeEach(async () => {
  clock = new Hand()
  stage = await Stage.start({ clock })
})
afterEach(() => stage.close())

/** `ok`, or the words of the refusal. */
async function wish(page: Page, wanted: KeyboardWish): Promise<string> {
  const answer = await page.ask('keyboard', wanted)
  return answer.ok ? 'ok' : answer.error.say
}

const info = (page: Page, terminal: number): TerminalInfo | undefined =>
  page.list?.find(({ id }) => id === terminal)
const holder = (page: Page, terminal: number): string | undefined =>
  info(page, terminal)?.keyboard?.holder?.name
const asks = (page: Page, terminal: number): string =>
  (info(page, terminal)?.keyboard?.asks ?? []).map(({ name }) => name).join()

async function company(
  roles: Partial<Record<Name, Role>>,
): Promise<Record<Name, Page> & { terminal: number }> {
  const ada = await stage.page('ada', roles.ada ?? 'owner')
  const grace = await stage.page('grace', roles.grace ?? 'editor')
  const joan = await stage.page('joan', roles.joan ?? 'viewer')
  const terminal = await ada.openAndAttach({ cols: 80, rows: 24 })
  await grace.attach(terminal, { cols: 100, rows: 30 })
  await joan.attach(terminal, { cols: 60, rows: 20 })
  await eventually(() => ada.shown(terminal).length > 0)
  return { ada, grace, joan, terminal }
}

describe('the keyboard of a terminal', () => {
  test('T-11 T-5 its holder alone types, sizes and closes; another’s message is refused in words; released, everybody types again', async () => {
    const { ada, grace, terminal } = await company({})
    expect(await wish(grace, { terminal, op: 'take' })).toBe('ok')
    await eventually(() => info(ada, terminal)?.cols === 100 && holder(ada, terminal) === 'grace')

    ada.type(terminal, 'echo stolen\r')
    ada.socket.emit('size', { terminal, cols: 90, rows: 25 })
    await eventually(() => ada.refused.length === 2)
    grace.type(terminal, 'stty size; echo al""one\r')
    await eventually(() => ada.text(terminal).includes('alone'))
    expect(ada.text(terminal)).toContain('30 100')
    expect(ada.text(terminal)).not.toContain('stolen')
    expect(ada.refused.map(({ error }) => error.say)).toEqual(
      Array(2).fill('grace has the keyboard of this terminal. Ask for it first.'),
    )

    expect(await wish(grace, { terminal, op: 'release' })).toBe('ok')
    ada.type(terminal, 'echo to""gether\r')
    await eventually(() => grace.shown(terminal).includes('together'))
    expect(info(ada, terminal)?.keyboard?.holder).toBeNull()
  })

  test('T-11 what was on its way when the keyboard went is refused as a whole', async () => {
    let arrive: () => void = () => undefined
    await stage.close()
    stage = await Stage.start({ clock, materialise: () => new Promise((done) => (arrive = done)) })
    const { ada, grace, terminal } = await company({})
    grace.type(terminal, 'touch too-late\r')
    ada.type(terminal, 'x')
    expect(await wish(ada, { terminal, op: 'take' })).toBe('ok')
    arrive()

    await eventually(() => grace.refused.length === 1)
    await eventually(() => ada.text(terminal).includes('x'))
    expect(ada.text(terminal)).not.toContain('too-late')
  })

  test('T-12 asked for in order, given, declined; an editor cannot take what another holds, an owner can', async () => {
    const { ada, grace, joan, terminal } = await company({ joan: 'editor' })
    await wish(ada, { terminal, op: 'take' })
    for (const page of [joan, grace, joan]) expect(await wish(page, { terminal, op: 'ask' })).toBe('ok')
    await eventually(() => asks(ada, terminal) === 'joan,grace')
    expect(await wish(grace, { terminal, op: 'take' })).toContain('ada has the keyboard')
    expect(await wish(grace, { terminal, op: 'give', to: ids.joan })).toContain('ada has the keyboard')
    expect(await wish(grace, { terminal, op: 'decline', to: ids.joan })).toContain('ada has the keyboard')

    await wish(ada, { terminal, op: 'decline', to: ids.joan })
    await wish(ada, { terminal, op: 'give', to: ids.grace })
    await eventually(() => holder(joan, terminal) === 'grace' && asks(joan, terminal) === '')
    expect(info(joan, terminal)?.keyboard?.back?.name).toBe('ada')
    await wish(grace, { terminal, op: 'release' })
    await eventually(() => holder(joan, terminal) === 'ada')
    await wish(ada, { terminal, op: 'give', to: ids.grace })
    await wish(ada, { terminal, op: 'take' })
    await eventually(() => holder(grace, terminal) === 'ada')
    grace.type(terminal, 'echo no\r')
    await eventually(() => grace.refused.length === 1)
  })

  test('T-12 what was given for a time goes back at its end; what a holder who left had, too, but not for a short while', async () => {
    const { ada, grace, terminal } = await company({})
    await wish(ada, { terminal, op: 'take' })
    await wish(ada, { terminal, op: 'give', to: ids.grace, minutes: 5 })
    await eventually(() => info(ada, terminal)?.keyboard?.until === clock.now() + 300_000)
    clock.pass(299_000)
    grace.type(terminal, 'echo in-""time\r')
    await eventually(() => ada.text(terminal).includes('in-time'))
    clock.pass(1_000)
    await eventually(() => holder(ada, terminal) === 'ada')
    grace.type(terminal, 'echo late\r')
    await eventually(() => grace.refused.length === 1)

    await wish(ada, { terminal, op: 'give', to: ids.grace })
    grace.close()
    await eventually(() => info(ada, terminal)?.viewers === 2)
    clock.pass(10_000)
    const back = await stage.page('grace')
    await back.attach(terminal)
    clock.pass(10_000)
    back.type(terminal, 'echo ba""ck\r')
    await eventually(() => ada.text(terminal).includes('back'))
    back.close()
    await eventually(() => info(ada, terminal)?.viewers === 2)
    clock.pass(15_000)
    await eventually(() => holder(ada, terminal) === 'ada')
  })

  test('T-13 T-4 only an owner gives it to a viewer, who types there and does nothing else; a changed role ends it', async () => {
    const { ada, grace, joan, terminal } = await company({})
    const other = await ada.openAndAttach()
    await joan.attach(other)
    await wish(joan, { terminal, op: 'ask' })
    await eventually(() => asks(ada, terminal) === 'joan')
    expect(await wish(joan, { terminal, op: 'take' })).toContain('You are watching')
    expect(await wish(grace, { terminal, op: 'give', to: ids.joan })).toBe(
      'joan is a viewer: only the owner can let them type.',
    )
    expect(await wish(ada, { terminal, op: 'give', to: ids.joan })).toBe('ok')

    joan.type(terminal, 'echo by-""joan\r')
    await eventually(() => grace.shown(terminal).includes('by-joan'))
    joan.type(other, 'echo elsewhere\r')
    await eventually(() => joan.refused.length === 1)
    expect(await wish(joan, { terminal, op: 'give', to: ids.grace })).not.toBe('ok')
    const refused = await Promise.all([
      joan.ask('open', { cols: 80, rows: 24 }),
      joan.ask('close', { terminal }),
      joan.ask('run', {}),
    ])
    expect(refused.map((answer) => answer.ok)).toEqual([false, false, false])

    await stage.changeRole('joan', 'editor')
    await eventually(() => holder(ada, terminal) === 'joan')
    await stage.changeRole('joan', 'viewer')
    await eventually(() => info(ada, terminal)?.keyboard?.holder === null)
    joan.type(terminal, 'echo no more\r')
    await eventually(() => joan.refused.length === 2)
    expect(ada.text(other)).not.toContain('elsewhere')
  })

  test('T-9 T-11 T-12 outlives a runner that restarts: held, given for a time, and its way back', async () => {
    const { ada, grace, terminal } = await company({})
    expect(await wish(ada, { terminal, op: 'take' })).toBe('ok')
    expect(await wish(ada, { terminal, op: 'give', to: ids.grace, minutes: 5 })).toBe('ok')
    await eventually(() => holder(ada, terminal) === 'grace')
    const { until } = info(ada, terminal)?.keyboard ?? {}
    await stage.restartRunner()

    const again = await stage.page('ada', 'owner')
    await eventually(() => holder(again, terminal) === 'grace')
    await again.attach(terminal)
    again.type(terminal, 'echo sto""len\r')
    await eventually(() => again.refused.length === 1)
    const back = await stage.page('grace')
    await back.attach(terminal)
    back.type(terminal, 'echo al""lowed\r')
    await eventually(() => back.shown(terminal).includes('allowed'))

    expect(again.refused[0]?.error.say).toContain('grace has the keyboard')
    expect(back.shown(terminal)).not.toContain('stolen')
    expect(info(again, terminal)?.keyboard?.until).toBe(until)
    clock.pass(5 * 60_000)
    await eventually(() => holder(again, terminal) === 'ada')
    expect(grace.list).toBeDefined()
  })

  test('T-12 T-13 after a restart it goes back when its holder stays away, or may not type any more', async () => {
    const { grace, terminal } = await company({})
    const second = await grace.openAndAttach()
    for (const one of [terminal, second]) expect(await wish(grace, { terminal: one, op: 'take' })).toBe('ok')
    await eventually(() => holder(grace, second) === 'grace')
    await stage.restartRunner()
    const again = await stage.page('ada', 'owner')
    await eventually(() => holder(again, terminal) === 'grace' && holder(again, second) === 'grace')

    clock.pass(15_000)
    await eventually(() => holder(again, terminal) === undefined && holder(again, second) === undefined)
    await again.attach(terminal)
    expect(await wish(again, { terminal, op: 'take' })).toBe('ok')
    await eventually(() => holder(again, terminal) === 'ada')
    await stage.restartRunner([{ repl, person: ids.ada, ver: 2, role: 'viewer', say: '' }])
    const later = await stage.page('grace')

    await eventually(() => info(later, terminal))
    expect(holder(later, terminal)).toBeUndefined()
  })

  test('T-9 T-13 what an owner gave a viewer stays theirs over a restart, whatever made them a viewer before', async () => {
    const { ada, terminal } = await company({})
    expect(await wish(ada, { terminal, op: 'give', to: ids.joan })).toBe('ok')
    await eventually(() => holder(ada, terminal) === 'joan')

    await stage.restartRunner([{ repl, person: ids.joan, ver: 2, role: 'viewer', say: '' }])
    const [again, joan] = [await stage.page('ada', 'owner'), await stage.page('joan', 'viewer')]
    await joan.attach(terminal)
    joan.type(terminal, 'echo lent-$((40+2))\r')

    await eventually(() => joan.shown(terminal).includes('lent-42'))
    expect(holder(again, terminal)).toBe('joan')
    await stage.restartRunner([{ repl, person: ids.joan, ver: 3, role: null, say: '' }])
    const later = await stage.page('ada', 'owner')
    await eventually(() => info(later, terminal))
    expect(holder(later, terminal)).toBeUndefined()
  })

  test('bad wishes are refused and change nothing', async () => {
    const { ada, grace, terminal } = await company({})
    const bad = [
      { terminal, op: 'steal' },
      { terminal, op: 'give' },
      { terminal, op: 'give', to: ids.grace, minutes: 1e9 },
      { terminal: 99, op: 'take' },
      null,
    ]
    for (const each of bad) expect((await grace.ask('keyboard', each)).ok).toBe(false)
    expect(await wish(ada, { terminal, op: 'give', to: 'z'.repeat(16) })).toBe(
      'This person is not here any more.',
    )
    expect(await wish(grace, { terminal, op: 'ask' })).toBe('You can type here already.')
    expect(info(ada, terminal)?.keyboard).toEqual({ holder: null, until: null, back: null, asks: [] })
  })
})

test('T-11 T-13 over seeded games nobody types but a holder, or those whose role lets them; a viewer holds only by an owner’s word', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seeded(seed)
    const people = new Map<string, Person & { here: boolean }>()
    for (const role of ['owner', 'editor', 'editor', 'viewer', 'viewer'] as const) {
      const id = String(people.size)
      people.set(id, { id, name: id, role, here: true })
    }
    const all = [...people.values()]
    const time = new Hand()
    const present = (id: string): Person | null => (people.get(id)?.here ? people.get(id)! : null)
    const keyboard = new Keyboard({ clock: time, present, onChange: () => undefined, kept: null })
    let ownerGave: string | null = null
    for (let step = 0; step < 300; step++) {
      const who = random.pick(all)
      const what = random.below(9)
      const held = keyboard.holder?.id ?? null
      try {
        if (what < 6) {
          const to = random.pick(all).id
          const op = random.pick(['ask', 'withdraw', 'take', 'release', 'give', 'decline'] as const)
          const wanted = { terminal: 1, ...(op === 'give' || op === 'decline' ? { op, to } : { op }) }
          keyboard.wish(who, wanted)
          if (op === 'give') ownerGave = who.role === 'owner' ? to : null
          if (op === 'take') expect(held === null || held === who.id || who.role === 'owner').toBe(true)
        } else if (what === 6) time.pass(random.below(20_000))
        else if (what === 7) {
          who.here = !who.here
          keyboard.look()
        } else if (who.role !== 'owner') {
          who.role = random.pick(['editor', 'viewer'] as const)
          keyboard.roleChanged(who.id, who.role)
        }
      } catch (fault) {
        expect(fault).toBeInstanceOf(AppError)
      }
      const holding = keyboard.holder
      for (const person of all) {
        const may = keyboard.mayType(person)
        expect(may).toBe(holding === null ? can(person.role, 'terminal.type') : holding.id === person.id)
      }
      const now = holding && people.get(holding.id)
      if (now?.role === 'viewer') expect(ownerGave).toBe(now.id)
    }
    keyboard.close()
  }
})
