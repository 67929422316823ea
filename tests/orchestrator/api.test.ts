// The orchestrator's doors: who gets in, what each role may, what tokens say, and what bad input is told.
import { createPublicKey, verify } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RunnerLaunch } from '../../protocol/control.ts'
import {
  type Action,
  DoorClaims,
  Role,
  RunnerClaims,
  can,
  doorAudience,
  runnerAudience,
  tokenIssuer,
} from '../../protocol/access.ts'
import type { Person, Repl } from '../../protocol/repl.ts'
import { tokensOf } from '../../orchestrator/access/tokens.ts'
import { openKeys } from '../../orchestrator/access/keys.ts'
import type { Clock } from '../../orchestrator/clock.ts'
import { realClock } from '../../orchestrator/clock.ts'
import { inviteMs } from '../../orchestrator/access/invites.ts'
import { linkMs } from '../../orchestrator/access/people.ts'
import { aPersonId, aReplId } from '../support/keys.ts'
import { type House, aRepl, openHouse } from '../support/house.ts'

let house: House
let ada: Person
let repl: Repl
let skew = 0
const clock: Clock = { now: () => Date.now() + skew, after: realClock.after }

beforeAll(async () => {
  house = await openHouse({ clock })
  ada = await house.owner()
  repl = await aRepl(house, ada)
})
afterAll(() => house.end())

async function invite(role: 'viewer' | 'editor'): Promise<string> {
  const reply = await house.ask('POST', `/v1/repls/${repl.id}/invites`, { as: ada, body: { role } })
  return reply.invite.code
}

async function guest(role: 'viewer' | 'editor', name: string): Promise<Person> {
  return (await house.ask('POST', `/v1/invites/${await invite(role)}/accept`, { body: { name } })).person
}

describe('A-4 the owner link', () => {
  test('A-4 a link works once, whoever asks twice at the same instant', async () => {
    const { code } = await house.ask('POST', '/v1/links', { body: {} })

    const replies = await Promise.all(
      Array.from({ length: 5 }, () => house.ask('POST', '/v1/links/consume', { body: { code } })),
    )

    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 410, 410, 410, 410])
    expect(replies.find((reply) => reply.status === 410)?.error.code).toBe('link-used')
  })

  test('A-4 every owner link leads to the one owner, who is admin', async () => {
    const [first, second] = await Promise.all([house.owner(), house.owner()])
    expect(first).toEqual(ada)
    expect(second).toEqual(ada)
    expect(ada).toMatchObject({ admin: true, name: 'Ada' })
  })

  test('A-4 an unknown, malformed or expired link gets nobody in', async () => {
    const { code } = await house.ask('POST', '/v1/links', { body: {} })
    skew += linkMs
    expect((await house.ask('POST', '/v1/links/consume', { body: { code } })).error.code).toBe('link-used')
    skew = 0
    expect(
      (await house.ask('POST', '/v1/links/consume', { body: { code: 'a'.repeat(32) } })).error.code,
    ).toBe('link-used')
    expect((await house.ask('POST', '/v1/links/consume', { body: { code: '../x' } })).error.code).toBe(
      'bad-input',
    )
  })
})

describe('A-5 invites', () => {
  test('A-5 a guest gives a name and is in, with the role of the invite and no more', async () => {
    const code = await invite('viewer')
    const preview = await house.ask('GET', `/v1/invites/${code}`)
    expect(preview.invite).toMatchObject({ replName: 'two sum', role: 'viewer', invitedBy: 'Ada' })

    const accepted = await house.ask('POST', `/v1/invites/${code}/accept`, { body: { name: 'Grace' } })

    expect(accepted.person).toMatchObject({ name: 'Grace', admin: false })
    expect(accepted.repl).toMatchObject({ id: repl.id, role: 'viewer' })
    const asGrace = { as: accepted.person, body: {} }
    expect((await house.ask('POST', `/v1/repls/${repl.id}/start`, asGrace)).error.code).toBe('forbidden')
    const make = { as: accepted.person, body: { name: 'mine', template: 'node' } }
    expect((await house.ask('POST', '/v1/repls', make)).error.code).toBe('forbidden')
  })

  test('A-5 a second invite can raise a role and never takes one away', async () => {
    const grace = await guest('viewer', 'Ida')
    const accept = async (role: 'viewer' | 'editor', as: Person) =>
      (await house.ask('POST', `/v1/invites/${await invite(role)}/accept`, { as, body: {} })).repl.role

    expect(await accept('editor', grace)).toBe('editor')
    expect(await accept('viewer', grace)).toBe('editor')
    expect(await accept('viewer', ada)).toBe('owner')
  })

  test('A-5 a guest without a name, an unknown and an expired invite are refused in words', async () => {
    const code = await invite('editor')
    expect((await house.ask('POST', `/v1/invites/${code}/accept`, { body: {} })).error).toMatchObject({
      code: 'bad-input',
      say: 'Give a name, so that others see who you are.',
    })
    expect((await house.ask('POST', `/v1/invites/${code}/accept`, { body: { name: '<b>' } })).status).toBe(
      400,
    )
    skew += inviteMs
    const late = await house.ask('GET', `/v1/invites/${code}`)
    skew = 0
    expect([late.status, late.error.say]).toEqual([410, 'This invite has expired. Ask Ada for a new one.'])
    expect((await house.ask('GET', `/v1/invites/${'b'.repeat(32)}`)).error.code).toBe('not-found')
  })

  test('A-5 nobody can invite an owner', async () => {
    const reply = await house.ask('POST', `/v1/repls/${repl.id}/invites`, {
      as: ada,
      body: { role: 'owner' },
    })
    expect(reply.error.code).toBe('bad-input')
  })
})

test('A-8 each role may do through the API what the table says and no more; to others a repl does not exist', async () => {
  const people: Record<Role, Person> = {
    owner: ada,
    editor: await guest('editor', 'Edith'),
    viewer: await guest('viewer', 'Vera'),
  }
  const stranger = await guestElsewhere()
  const asks: [Action, string, string, unknown][] = [
    ['repl.open', 'GET', '', undefined],
    ['repl.open', 'POST', '/doors', {}],
    ['repl.rename', 'PATCH', '', { name: 'three sum' }],
    ['repl.stop', 'POST', '/stop', {}],
    ['invite.create', 'POST', '/invites', { role: 'viewer' }],
    ['audit.read', 'GET', '/audit', undefined],
    ['repl.delete', 'POST', '/undelete', {}],
    ['preview.see', 'POST', '/previews', { port: 3000, from: 'http://localhost:7070' }],
    ['preview.share', 'PATCH', '/previews', { port: 3000, visibility: 'members' }],
  ]
  for (const [action, method, path, body] of asks) {
    for (const role of Role.options) {
      const reply = await house.ask(method, `/v1/repls/${repl.id}${path}`, { as: people[role], body })
      const isForbidden = reply.error?.code === 'forbidden'
      expect([action, role, !isForbidden]).toEqual([action, role, can(role, action)])
    }
    const reply = await house.ask(method, `/v1/repls/${repl.id}${path}`, { as: stranger, body })
    expect(reply.error.code).toBe('not-found')
  }
  for (const role of ['editor', 'viewer'] as const)
    expect((await house.ask('DELETE', `/v1/repls/${repl.id}`, { as: people[role] })).error.code).toBe(
      'forbidden',
    )
  expect((await house.ask('GET', '/v1/repls', { as: stranger })).repls.map((each) => each.id)).not.toContain(
    repl.id,
  )
})

async function guestElsewhere(): Promise<Person> {
  const other = await aRepl(house, ada, 'other')
  const { invite } = await house.ask('POST', `/v1/repls/${other.id}/invites`, {
    as: ada,
    body: { role: 'editor' },
  })
  return (await house.ask('POST', `/v1/invites/${invite.code}/accept`, { body: { name: 'Mallory' } })).person
}

describe('who asks', () => {
  test('only who knows the service secret is heard; the key set alone is public and holds no private part', async () => {
    expect((await house.ask('GET', '/v1/repls', { secret: 'x'.repeat(64) })).error.code).toBe('bad-token')
    const bare = await fetch(`${house.orchestrator.url}/v1/templates`)
    expect(bare.status).toBe(401)

    const keys = await (await fetch(`${house.orchestrator.url}/v1/keys`)).json()
    expect(JSON.stringify(keys)).not.toContain('"d"')
  })

  test('nobody, and somebody unknown, is told to sign in', async () => {
    const unknown = { ...ada, id: aPersonId() }
    expect((await house.ask('GET', '/v1/repls')).error.code).toBe('not-signed-in')
    expect((await house.ask('GET', '/v1/repls', { as: unknown })).error.code).toBe('not-signed-in')
  })
})

describe('bad input is told apart and changes nothing', () => {
  test.each([
    ['an unknown template', { name: 'x', template: 'cobol' }, 'not-found', /no such template/],
    ['a template that is a path', { name: 'x', template: '../node' }, 'bad-input', /template/],
    ['an empty name', { name: '  ', template: 'node' }, 'bad-input', /Give the REPL a name/],
    ['a name with a path', { name: '../x', template: 'node' }, 'bad-input', /Use letters/],
    ['a name that is too long', { name: 'x'.repeat(61), template: 'node' }, 'bad-input', /60 characters/],
    ['no object', ['x'], 'bad-input', /./],
    ['a body that is too large', { name: 'x'.repeat(20_000) }, 'too-large', /too large/],
  ])('%s', async (_, body, code, say) => {
    const before = (await house.ask('GET', '/v1/repls', { as: ada })).repls.length

    const reply = await house.ask('POST', '/v1/repls', { as: ada, body })

    expect(reply.error.code).toBe(code)
    expect(reply.error.say).toMatch(say)
    expect((await house.ask('GET', '/v1/repls', { as: ada })).repls).toHaveLength(before)
  })

  test('what is not JSON, an address that is none, and a repl that is none', async () => {
    const headers = {
      authorization: `Bearer ${house.config.serviceSecret}`,
      'content-type': 'application/json',
    }
    const broken = await fetch(`${house.orchestrator.url}/v1/repls`, {
      method: 'POST',
      headers,
      body: '{"name":',
    })
    expect(broken.status).toBe(400)
    expect((await house.ask('GET', '/v1/nothing', { as: ada })).error.code).toBe('not-found')
    for (const id of ['x', '..%2f..', aReplId()])
      expect((await house.ask('GET', `/v1/repls/${id}`, { as: ada })).error.code).toBe('not-found')
  })
})

describe('tokens', () => {
  const keySet = () => createRemoteJWKSet(new URL(`${house.orchestrator.url}/v1/keys`))
  const options = (audience: string) => ({ issuer: tokenIssuer, audience, algorithms: ['EdDSA'] })

  test('A-1 a door token names person, repl, role and generation, lasts ten minutes, and is signed by the published key', async () => {
    await house.ask('POST', `/v1/repls/${repl.id}/start`, { as: ada, body: {} })
    await house.until(repl.id, ada, 'RUNNING')
    const vera = await guest('viewer', 'Violet')

    const { doors } = await house.ask('POST', `/v1/repls/${repl.id}/doors`, { as: vera, body: {} })

    const { payload } = await jwtVerify(doors.token, keySet(), options(doorAudience))
    const claims = DoorClaims.parse(payload)
    expect(claims).toMatchObject({
      sub: vera.id,
      name: 'Violet',
      repl: repl.id,
      role: 'viewer',
      gen: doors.generation,
    })
    expect(claims.exp - claims.iat).toBe(600)
    expect(doors.expiresAt).toBe(claims.exp * 1000)
    expect(doors).toMatchObject({
      collab: 'ws://localhost:7070/collab',
      runner: `http://localhost:7070/r/${repl.id}`,
      level: 'process',
      person: vera,
    })
  })

  test('A-1 a runner’s certificate vouches for the key that its session signs with', async () => {
    const { doors } = await house.ask('POST', `/v1/repls/${repl.id}/doors`, { as: ada, body: {} })
    const text = await readFile(join(house.config.run, repl.id, 'runner.json'), 'utf8')
    const launch = RunnerLaunch.parse(JSON.parse(text))

    const { payload } = await jwtVerify(launch.certificate, keySet(), options(runnerAudience))

    const claims = RunnerClaims.parse(payload)
    expect(claims).toMatchObject({ repl: repl.id, gen: doors.generation, key: doors.runnerKey })
    const { createPrivateKey, sign } = await import('node:crypto')
    const privateKey = createPrivateKey({
      key: Buffer.from(launch.privateKey, 'base64'),
      format: 'der',
      type: 'pkcs8',
    })
    const signature = sign(null, Buffer.from('nonce'), privateKey)
    const publicKey = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: doors.runnerKey },
      format: 'jwk',
    })
    expect(verify(null, Buffer.from('nonce'), publicKey, signature)).toBe(true)
  })

  test('A-2 tokens of one kind are worth nothing at another door; a changed one is worth nothing at all', async () => {
    const { doors } = await house.ask('POST', `/v1/repls/${repl.id}/doors`, { as: ada, body: {} })
    const keys = await openKeys(join(house.config.data, 'keys', 'tokens.json'))
    const tokens = tokensOf(keys, () => Date.now())
    const control = await tokens.control({ repl: repl.id, generation: doors.generation })

    await expect(jwtVerify(control, keySet(), options(doorAudience))).rejects.toThrow(/aud/)
    await expect(jwtVerify(doors.token, keySet(), options(runnerAudience))).rejects.toThrow(/aud/)
    const [head, , signature] = doors.token.split('.')
    const forged = { ...decodeJwt(doors.token), role: 'owner', repl: aReplId() }
    const payload = Buffer.from(JSON.stringify(forged)).toString('base64url')
    await expect(
      jwtVerify(`${head}.${payload}.${signature}`, keySet(), options(doorAudience)),
    ).rejects.toThrow()
  })

  test('A-2 F-3 a grant of an older generation, of nobody, and an expired one each get their own refusal', async () => {
    const { doors } = await house.ask('POST', `/v1/repls/${repl.id}/doors`, { as: ada, body: {} })
    const keys = await openKeys(join(house.config.data, 'keys', 'tokens.json'))
    const tokens = tokensOf(keys, () => Date.now())
    const sign = async (grant: string) => {
      const headers = { authorization: `Bearer ${grant}`, 'content-type': 'application/json' }
      const body = JSON.stringify({ put: [], get: [] })
      const reply = await fetch(`${house.orchestrator.url}/v1/objects/sign`, {
        method: 'POST',
        headers,
        body,
      })
      return [reply.status, ((await reply.json()) as { code?: string }).code]
    }
    const { generation } = doors
    const old = tokensOf(keys, () => Date.now() - 7 * 3600 * 1000)

    expect(await sign(await tokens.grant({ repl: repl.id, generation }))).toEqual([200, undefined])
    expect(await sign(await tokens.grant({ repl: repl.id, generation: generation - 1 }))).toEqual([
      409,
      'stale-generation',
    ])
    expect(await sign(await tokens.grant({ repl: aReplId(), generation: 1 }))).toEqual([
      409,
      'stale-generation',
    ])
    expect(await sign(await old.grant({ repl: repl.id, generation }))).toEqual([401, 'expired-token'])
    expect(await sign(doors.token)).toEqual([401, 'bad-token'])
    expect(await sign('garbage')).toEqual([401, 'bad-token'])
  })

  test('keys and the ledger are ours alone on the disk', async () => {
    const { data } = house.config
    for (const folder of [data, join(data, 'keys'), join(data, 'ledger')])
      expect((await stat(folder)).mode & 0o077).toBe(0)
    for (const file of ['tokens.json', join('sessions', `${repl.id}.json`)])
      expect((await stat(join(data, 'keys', file))).mode & 0o077).toBe(0)
    expect(await readdir(join(data, 'ledger'))).toContain('ledger.log')
  })

  test('doors open only while a session runs', async () => {
    await house.ask('POST', `/v1/repls/${repl.id}/stop`, { as: ada, body: {} })
    await house.until(repl.id, ada, 'STOPPED')
    const reply = await house.ask('POST', `/v1/repls/${repl.id}/doors`, { as: ada, body: {} })
    expect(reply.error).toMatchObject({ code: 'not-running' })
  })
})
