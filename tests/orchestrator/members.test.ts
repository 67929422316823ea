// Who gets in and who goes: invites with a time and uses, members and their roles, whom the orchestrator tells of it, and the audit log.
import { appendFile, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AccessNews, type AccessChange } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import type { AuditEntry } from '../../protocol/audit.ts'
import type { Member, Person, Repl } from '../../protocol/repl.ts'
import { realClock, type Clock } from '../../orchestrator/clock.ts'
import { runnerControl, type RunnerControl } from '../../orchestrator/runner-control.ts'
import { tokensOf } from '../../orchestrator/access/tokens.ts'
import { openKeys } from '../../orchestrator/access/keys.ts'
import { eventually } from '../support/eventually.ts'
import { aRepl, openHouse, type House, type Reply } from '../support/house.ts'
import { aPersonId } from '../support/keys.ts'

let house: House
let ada: Person
let repl: Repl
let skew = 0
const clock: Clock = { now: () => Date.now() + skew, after: realClock.after }
/** What the runner was told, and how often it still fails. */
const heard: AccessChange[][] = []
let deaf = 0

/** A real control, but for what it tells of roles. */
async function listening(): Promise<RunnerControl> {
  const keys = await openKeys(join(house.config.data, 'keys', 'tokens.json'))
  return {
    ...runnerControl(tokensOf(keys, () => Date.now())),
    access: async (_session, _door, changes) => {
      if (deaf-- > 0) throw new AppError('unavailable', { say: 'Not now.' })
      heard.push(changes)
    },
  }
}

beforeAll(async () => {
  house = await openHouse({ clock })
  ada = await house.owner()
  await house.restart({ clock, control: await listening() })
})
afterAll(() => house.end())
beforeEach(async () => {
  skew = 0
  repl = await aRepl(house, ada)
})

type Shared = Reply & { members: Member[]; invites: (Reply['invite'] & { uses: number })[] }
const ask = async (...of: Parameters<House['ask']>): Promise<Shared> => (await house.ask(...of)) as Shared
const at = (path: string): string => `/v1/repls/${repl.id}${path}`

async function invite(wish: object): Promise<string> {
  return (await ask('POST', at('/invites'), { as: ada, body: wish })).invite.code
}
const accept = (code: string, of: { name?: string; as?: Person }) =>
  ask('POST', `/v1/invites/${code}/accept`, {
    ...(of.as === undefined ? {} : { as: of.as }),
    body: of.name === undefined ? {} : { name: of.name },
  })
async function guest(role: 'viewer' | 'editor', name: string): Promise<Person> {
  return (await accept(await invite({ role }), { name })).person
}
const setRole = (who: Person, role: string, as = ada) =>
  ask('PATCH', at(`/members/${who.id}`), { as, body: { role } })
const remove = (who: Person, as = ada, body: object = {}) =>
  ask('DELETE', at(`/members/${who.id}`), { as, body })
async function auditLines(): Promise<string[]> {
  return (await readFile(join(house.config.data, 'audit.log'), 'utf8')).trimEnd().split('\n')
}

test('A-5 a guest’s name can be seen, is not Owner and not that of a member, however it is spelt; no use is counted', async () => {
  const code = await invite({ role: 'viewer', most: 2 })
  expect((await accept(code, { name: 'Grace' })).status).toBe(200)

  const refused = [
    'OWNER',
    'Ｏｗｎｅｒ',
    'Ow\u200cner',
    '\u200c\u200d',
    '\u3164',
    '\u2800',
    'ada',
    'Grace',
    ' g\u200dRACE ',
    'You',
    '(the owner)',
    'Y\u043eu',
    '\u03a5ou.',
    '\u041ewn\u0435r',
    'Gr\u0430\u0441\u0435',
  ]
  const replies = await Promise.all(refused.map((name) => accept(code, { name })))
  expect(replies.map(({ status }) => status)).toEqual(refused.map(() => 400))
  expect(replies[0]?.error.say).toMatch(/A guest cannot be called Owner/)
  expect(replies[3]?.error.say).toMatch(/Give a name that can be seen/)
  expect(replies[7]?.error.say).toMatch(/is called Grace already. Choose another name/)
  expect((await accept(code, { name: 'Gra\u202ece' })).status).toBe(400)

  expect((await accept(code, { name: 'Grace Hopper' })).status).toBe(200)
})

test('A-5 of guests who come at the same instant with one name one gets in, and no use is counted for the others', async () => {
  const code = await invite({ role: 'viewer', most: 7 })

  const replies = await Promise.all(
    ['Vic', 'vic', 'V\u0456c', 'Vic', 'Vic', 'Mallory'].map((name) => accept(code, { name })),
  )

  expect(replies.map(({ status }) => status)).toEqual([200, 400, 400, 400, 400, 200])
  const { members } = await ask('GET', at('/members'), { as: ada })
  expect(members.map(({ name }) => name)).toEqual(['Ada', 'Mallory', 'Vic'])
  const { invites } = await ask('GET', at('/invites'), { as: ada })
  expect(invites[0]?.uses).toBe(2)
})

test('A-5 a guest who is known is no double in another REPL either: they join by another name, and are called so from then on', async () => {
  const first = repl
  const ida = await guest('editor', 'Ida')
  const mary = await guest('editor', 'Mary')
  repl = await aRepl(house, ada)
  await guest('viewer', 'Ida')
  const code = await invite({ role: 'editor', most: 2 })

  const refused = await accept(code, { as: ida })
  expect([refused.status, refused.error.code]).toEqual([400, 'bad-input'])
  expect(refused.error.say).toMatch(/is called Ida already. Choose another name/)
  for (const name of ['Owner', 'Ada', ' \u200dida', 'Mary'])
    expect((await accept(code, { as: ida, name })).status).toBe(400)
  expect((await accept(code, { as: mary })).person).toEqual(mary)

  const joined = await accept(code, { as: ida, name: 'Ida Rhodes' })

  expect(joined.person).toEqual({ ...ida, name: 'Ida Rhodes' })
  const named = (await ask('GET', `/v1/repls/${first.id}/members`, { as: ada })).members
  expect(named.map(({ name }) => name)).toEqual(['Ada', 'Ida Rhodes', 'Mary'])
  // A member opens an invite again and stays who they are; so does the owner, who is no guest.
  for (const who of [mary, ada])
    expect((await accept(await invite({ role: 'viewer' }), { as: who, name: 'Ida' })).person).toEqual(who)
})

describe('A-11 an invite', () => {
  test('A-11 lets in as many as it may; of many who take the last use at the same instant one gets it', async () => {
    const code = await invite({ role: 'viewer', most: 3 })
    await accept(code, { name: 'Grace' })

    const replies = await Promise.all(
      ['Joan', 'Mary', 'Ida', 'Rosa', 'Emmy'].map((name) => accept(code, { name })),
    )

    const refused = replies.filter(({ status }) => status !== 200)
    expect([replies.length - refused.length, refused.length]).toEqual([2, 3])
    expect(refused.map(({ status, error }) => [status, error.code, error.say])[0]).toEqual([
      410,
      'link-used',
      'This invite has been used 3 times, as often as it may. Ask Ada for a new one.',
    ])
    expect((await ask('GET', at('/members'), { as: ada })).members).toHaveLength(4)
    expect((await ask('GET', at('/invites'), { as: ada })).invites[0]).toMatchObject({
      code,
      madeBy: 'Ada',
      uses: 3,
      most: 3,
      revokedAt: null,
    })
  })

  test('A-11 ends at its time and when it is taken back, each in its own words; its list is the owner’s alone', async () => {
    const short = await invite({ role: 'viewer', hours: 1 })
    const long = await invite({ role: 'editor', hours: 48 })
    const grace = await guest('editor', 'Grace')
    skew = 3_600_000
    expect((await accept(short, { name: 'Late' })).error.say).toBe(
      'This invite has expired. Ask Ada for a new one.',
    )
    expect((await ask('GET', `/v1/invites/${long}`)).status).toBe(200)

    const back = await ask('DELETE', at(`/invites/${long}`), { as: ada })
    expect(back.status).toBe(200)
    for (const reply of [await ask('GET', `/v1/invites/${long}`), await accept(long, { name: 'Late' })])
      expect([reply.status, reply.error.say]).toEqual([
        410,
        'Ada took this invite back. Ask Ada for a new one.',
      ])
    for (const reply of [
      await ask('GET', at('/invites'), { as: grace }),
      await ask('DELETE', at(`/invites/${long}`), { as: grace }),
      await ask('GET', at('/members'), { as: grace }),
    ])
      expect(reply.error.code).toBe('forbidden')
    const other = await aRepl(house, ada, 'other')
    const foreign = await ask('DELETE', `/v1/repls/${other.id}/invites/${long}`, { as: ada })
    expect(foreign.error.code).toBe('not-found')
  })

  test('A-11 who has the role already uses nothing up; bad wishes make no link', async () => {
    const code = await invite({ role: 'viewer', most: 1 })
    const grace = await guest('editor', 'Grace')
    expect((await accept(code, { as: grace })).repl.role).toBe('editor')
    expect((await accept(code, { as: ada })).repl.role).toBe('owner')
    expect((await accept(code, { name: 'Joan' })).repl.role).toBe('viewer')

    const before = (await ask('GET', at('/invites'), { as: ada })).invites.length
    for (const body of [
      { role: 'owner' },
      { role: 'viewer', hours: 0 },
      { role: 'viewer', hours: 1e6 },
      { role: 'viewer', most: 0 },
      {},
    ])
      expect((await ask('POST', at('/invites'), { as: ada, body })).error.code).toBe('bad-input')
    expect((await ask('GET', at('/invites'), { as: ada })).invites).toHaveLength(before)
  })
})

describe('members', () => {
  test('A-9 the owner sees everybody, changes and removes; nobody else may, and the owner stays', async () => {
    const grace = await guest('viewer', 'Grace')
    const joan = await guest('editor', 'Joan')
    const names = (reply: Shared) => reply.members.map(({ name, role }) => `${name} ${role}`)
    expect(names(await ask('GET', at('/members'), { as: ada }))).toEqual([
      'Ada owner',
      'Grace viewer',
      'Joan editor',
    ])
    expect(names(await setRole(grace, 'editor'))).toEqual(['Ada owner', 'Grace editor', 'Joan editor'])

    for (const as of [grace, joan]) {
      expect((await setRole(joan, 'viewer', as)).error.code).toBe('forbidden')
      expect((await remove(ada, as)).error.code).toBe('forbidden')
    }
    expect((await remove(joan, grace)).error.code).toBe('forbidden')
    expect((await setRole(ada, 'viewer')).error.code).toBe('forbidden')
    expect((await remove(ada)).error.code).toBe('forbidden')
    expect((await setRole(grace, 'owner')).error.code).toBe('bad-input')
    expect((await setRole({ ...grace, id: aPersonId() }, 'viewer')).error.code).toBe('not-found')
    expect(names(await remove(joan))).toEqual(['Ada owner', 'Grace editor'])
    expect((await remove(grace, grace)).members).toEqual([])
    expect((await ask('GET', at(''), { as: grace })).error.say).toBe('You left two sum.')
  })

  test('A-9 who was removed is refused everywhere and told by whom, and comes back only by a later invite', async () => {
    const old = await invite({ role: 'editor' })
    const grace = (await accept(old, { name: 'Grace' })).person
    const spare = await invite({ role: 'viewer' })
    await remove(grace)

    const say = 'Ada removed you from two sum.'
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/doors'],
      ['POST', '/stop'],
      ['GET', '/progress'],
      ['GET', '/zip'],
    ] as const)
      expect(
        (await ask(method, at(path), { as: grace, ...(method === 'POST' ? { body: {} } : {}) })).error,
      ).toEqual({
        code: 'forbidden',
        say,
      })
    expect((await ask('GET', '/v1/repls', { as: grace })).repls).toEqual([])
    for (const code of [old, spare]) expect((await accept(code, { as: grace })).error.say).toContain(say)
    skew += 1_000
    expect((await accept(await invite({ role: 'viewer' }), { as: grace })).repl.role).toBe('viewer')
  })

  test('A-11 with a member the links that are still good can be taken back', async () => {
    const code = await invite({ role: 'editor' })
    const grace = (await accept(code, { name: 'Grace' })).person
    await remove(grace, ada, { invites: true })
    expect((await accept(code, { name: 'Grace again' })).status).toBe(410)
  })

  test('A-9 a page that listens to the progress of a repl is let go when its person is removed', async () => {
    const grace = await guest('editor', 'Grace')
    let seen = 0
    const told = house.progress(repl.id, grace, {
      enough: (_events, repls) => ((seen = repls.length), false),
    })
    await eventually(() => seen > 0)
    await setRole(grace, 'viewer')
    await eventually(() => seen > 1)
    await remove(grace)
    expect((await told).repls.map(({ role }) => role)).toEqual(['editor', 'viewer'])
  })
})

describe('doors hear of it', () => {
  const doorsOf = async (who: Person) =>
    decodeJwt((await ask('POST', at('/doors'), { as: who, body: {} })).doors.token)

  async function relay(secret = house.config.relaySecret) {
    const stop = new AbortController()
    const answer = await fetch(`${house.orchestrator.url}/v1/access`, {
      headers: { authorization: `Bearer ${secret}` },
      signal: stop.signal,
    })
    const news: AccessNews[] = []
    const read = async (): Promise<void> => {
      const reader = answer.body!.getReader()
      let held = ''
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        const lines = (held + Buffer.from(value).toString()).split('\n')
        held = lines.pop() ?? ''
        for (const line of lines) news.push(AccessNews.parse(JSON.parse(line)))
      }
    }
    if (answer.ok) void read().catch(() => undefined)
    return { status: answer.status, news, end: () => stop.abort() }
  }

  test('A-9 A-10 runner and relays are told of each change, in order, with a version that fresh tokens have and old ones lack', async () => {
    await ask('POST', at('/start'), { as: ada, body: {} })
    await house.until(repl.id, ada, 'RUNNING')
    const grace = await guest('viewer', 'Grace')
    const before = await doorsOf(grace)
    const listener = await relay()
    await eventually(() => listener.news.length > 0)
    heard.length = 0
    deaf = 2

    await setRole(grace, 'editor')
    const after = await doorsOf(grace)
    await remove(grace)

    const mine = () =>
      listener.news.flatMap((news) =>
        news.told === 'change' && news.change.repl === repl.id ? [news.change] : [],
      )
    await eventually(() => mine().length === 2)
    const [first, second] = mine()
    expect(first).toMatchObject({
      person: grace.id,
      role: 'editor',
      say: 'Ada made you an editor of two sum.',
    })
    expect(second).toMatchObject({ person: grace.id, role: null, say: 'Ada removed you from two sum.' })
    expect(Number(before['ver'])).toBeLessThan(first!.ver)
    expect(Number(after['ver'])).toBe(first!.ver)
    expect(second!.ver).toBeGreaterThan(first!.ver)
    // Told again and again until it has heard.
    await eventually(() => heard.at(-1)?.some(({ ver }) => ver === second!.ver))
    listener.end()
  })

  test('A-10 an orchestrator that died after it had written a change tells it when it is back; a runner that starts later has it in its launch', async () => {
    const grace = await guest('editor', 'Grace')
    await ask('POST', at('/start'), { as: ada, body: {} })
    await house.until(repl.id, ada, 'RUNNING')
    deaf = Infinity
    await remove(grace)
    deaf = 0
    heard.length = 0
    await house.restart({ clock, control: await listening() })

    await eventually(() =>
      heard.some((changes) => changes.some(({ person, role }) => person === grace.id && role === null)),
    )
    const listener = await relay()
    await eventually(() => listener.news[0]?.told === 'all')
    expect(JSON.stringify(listener.news[0])).toContain(grace.id)
    listener.end()
    await ask('POST', at('/stop'), { as: ada, body: {} })
    await house.until(repl.id, ada, 'STOPPED')
    await ask('POST', at('/start'), { as: ada, body: {} })
    await house.until(repl.id, ada, 'RUNNING')
    const launch = await readFile(join(house.config.run, repl.id, 'runner.json'), 'utf8')
    expect((JSON.parse(launch) as { access: AccessChange[] }).access).toMatchObject([
      { person: grace.id, role: null },
    ])
  })

  test('A-9 the door of relays takes their secret alone, and theirs opens no other', async () => {
    expect((await relay(house.config.serviceSecret)).status).toBe(401)
    expect((await relay('x'.repeat(64))).status).toBe(401)
    expect((await ask('GET', '/v1/repls', { as: ada, secret: house.config.relaySecret })).error.code).toBe(
      'bad-token',
    )
  })
})

test('A-12 sign-ins, invites and changes of members are lines of the audit log, opening a link again is none; private, without a code or a token', async () => {
  const begun = (await auditLines()).length
  const signedIn = await house.owner()
  const code = await invite({ role: 'viewer', most: 2 })
  const grace = (await accept(code, { name: 'Grace' })).person
  for (const again of [{ as: grace }, { as: grace, name: 'Vic' }])
    expect((await accept(code, again)).status).toBe(200)
  await setRole(grace, 'editor')
  await setRole(grace, 'editor')
  await ask('DELETE', at(`/invites/${code}`), { as: ada })
  await remove(grace)
  await setRole(grace, 'editor')

  const lines = (await auditLines()).slice(begun)
  const said = lines.map(
    (line) => JSON.parse(line) as { at: string; what: string; who: Person; repl?: string },
  )
  expect(said.map(({ what, who }) => `${what} ${who.name}`)).toEqual([
    'sign-in Ada',
    'invite-made Ada',
    'sign-in Grace',
    'invite-used Grace',
    'member-joined Grace',
    'role-changed Ada',
    'invite-revoked Ada',
    'member-removed Ada',
  ])
  expect(said[5]).toMatchObject({
    who: { id: signedIn.id },
    member: { id: grace.id, name: 'Grace' },
    from: 'viewer',
    to: 'editor',
    repl: repl.id,
  })
  expect(said.every(({ at: time }) => !Number.isNaN(Date.parse(time)))).toBe(true)
  expect(lines.join()).not.toContain(code)
  expect(lines.join()).not.toMatch(/eyJ/)
  expect((await stat(join(house.config.data, 'audit.log'))).mode & 0o077).toBe(0)
})

describe('A-13 what happened in a repl', () => {
  type Page = Shared & { entries: AuditEntry[]; earlier: number | null }
  const audit = async (query = '', as = ada) => (await ask('GET', at(`/audit${query}`), { as })) as Page
  const whats = (page: Page): string[] => page.entries.map(({ what, who }) => `${what} ${who.name}`)

  test('A-13 is read by its owner, newest first and a page at a time, and holds nothing of another repl', async () => {
    const [other, mine] = [repl, await aRepl(house, ada)]
    await guest('viewer', 'Joan')
    repl = mine
    expect(await audit()).toMatchObject({ entries: [], earlier: null })
    const grace = await guest('viewer', 'Grace')
    await setRole(grace, 'editor')
    await ask('PATCH', at('/previews'), { as: ada, body: { port: 8080, visibility: 'public' } })
    await remove(grace)

    const all = await audit()
    expect(whats(all)).toEqual([
      'member-removed Ada',
      'preview-shown Ada',
      'role-changed Ada',
      'member-joined Grace',
      'invite-used Grace',
      'invite-made Ada',
    ])
    expect(all.entries[2]).toMatchObject({
      member: { id: grace.id, name: 'Grace' },
      from: 'viewer',
      to: 'editor',
    })
    expect(all.entries.every(({ at: time }) => Math.abs(time - Date.now()) < 60_000)).toBe(true)
    expect(JSON.stringify(all)).not.toContain(other.id)

    const pages = [await audit('?most=4')]
    pages.push(await audit(`?most=4&before=${pages[0]!.earlier}`))
    expect(pages.map(({ entries }) => entries.length)).toEqual([4, 2])
    expect(pages.flatMap(({ entries }) => entries)).toEqual(all.entries)
    expect(pages[1]!.earlier).toBeNull()
    for (const query of ['?most=101', '?most=0', '?before=-1', '?before=x'])
      expect((await audit(query)).error.code).toBe('bad-input')
  })

  test('A-13 is nobody else’s: an editor and a viewer are refused, to a stranger there is no such repl', async () => {
    const [editor, viewer] = [await guest('editor', 'Edith'), await guest('viewer', 'Vera')]
    const mine = repl
    repl = await aRepl(house, ada, 'other')
    const stranger = await guest('editor', 'Mallory')
    repl = mine
    for (const who of [editor, viewer])
      expect((await audit('', who)).error).toEqual({
        code: 'forbidden',
        say: expect.stringContaining('Ask the owner') as string,
      })
    expect((await audit('', stranger)).error.code).toBe('not-found')
    expect((await ask('GET', at('/audit'))).error.code).toBe('not-signed-in')
    expect((await ask('GET', at('/audit'), { as: ada, secret: 'x'.repeat(64) })).error.code).toBe('bad-token')
  })

  test('A-13 a torn line hides none, and a long log of other repls is looked through in bounded pieces', async () => {
    const path = join(house.config.data, 'audit.log')
    const code = await invite({ role: 'viewer' })
    await appendFile(path, `{"at":"2026-01-01T00:00:00.000Z","who":{"id":"x","na`)
    await ask('DELETE', at(`/invites/${code}`), { as: ada })
    await appendFile(path, `no line of ours: ${repl.id}\n${'y'.repeat(200_000)}\n`)
    await setRole(await guest('viewer', 'Grace'), 'editor')
    expect(whats(await audit())).toEqual([
      'role-changed Ada',
      'member-joined Grace',
      'invite-used Grace',
      'invite-made Ada',
      'invite-revoked Ada',
      'invite-made Ada',
    ])

    const foreign = `{"at":"2026-01-01T00:00:00.000Z","what":"invite-used","repl":"${'a'.repeat(20)}"}\n`
    await appendFile(path, foreign.repeat(Math.ceil(9_000_000 / foreign.length)))
    const first = await audit()
    expect([first.entries, typeof first.earlier]).toEqual([[], 'number'])
    expect((await audit(`?before=${first.earlier}`)).entries).toHaveLength(6)
  })
})
