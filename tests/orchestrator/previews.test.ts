// Previews at the API: slugs that are given once, tickets, who may see what, and what only a session's own runner is told.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { doorAudience, tokenIssuer } from '../../protocol/access.ts'
import { RunnerLaunch } from '../../protocol/control.ts'
import { RouteTable } from '../../protocol/env.ts'
import {
  newPreviewSlug,
  Preview,
  PreviewSlug,
  PreviewRules,
  previewSources,
  rulesAudience,
  readPreviewBase,
  readPreviewLabel,
  TicketClaims,
  ticketAudience,
} from '../../protocol/preview.ts'
import type { Person, Repl } from '../../protocol/repl.ts'
import { aRepl, openHouse, type House } from '../support/house.ts'
import { random } from '../support/keys.ts'

let house: House
let ada: Person
let grace: Person
let repl: Repl
let launch: RunnerLaunch

beforeAll(async () => {
  house = await openHouse()
  ada = await house.owner()
  repl = await aRepl(house, ada, 'Zwei Süm')
  const invite = await house.ask('POST', `/v1/repls/${repl.id}/invites`, {
    as: ada,
    body: { role: 'viewer' },
  })
  grace = (await house.ask('POST', `/v1/invites/${invite.invite.code}/accept`, { body: { name: 'Grace' } }))
    .person
  await house.ask('POST', `/v1/repls/${repl.id}/start`, { as: ada, body: {} })
  await house.until(repl.id, ada, 'RUNNING')
  const text = await readFile(join(house.config.run, repl.id, 'runner.json'), 'utf8')
  launch = RunnerLaunch.parse(JSON.parse(text))
})
afterAll(() => house.end())

const from = 'http://localhost:7070'

async function preview(as: Person, port = 3000): Promise<Preview> {
  const reply = await house.ask('POST', `/v1/repls/${repl.id}/previews`, {
    as,
    body: { port, from, to: '/a?b' },
  })
  return Preview.parse((reply as unknown as { preview: unknown }).preview)
}

test('P-7 P-8 a port is seen at a host of its own, whose slug stays when the repl is renamed', async () => {
  const before = await preview(ada)
  expect(new URL(before.origin).host).toMatch(/^zwei-sum-[a-z2-7]{6}--3000\.localhost:7070$/)

  await house.ask('PATCH', `/v1/repls/${repl.id}`, { as: ada, body: { name: 'three' } })

  expect((await preview(grace, 4000)).origin).toBe(before.origin.replace('--3000', '--4000'))
})

test('P-2 a ticket is one person’s, for one port of one session, for a minute', async () => {
  const { url } = await preview(grace)
  const asked = new URL(url)
  expect(asked.pathname).toBe('/__devex/enter')
  expect(asked.searchParams.get('to')).toBe('/a?b')

  const keys = (await house.ask('GET', '/v1/keys')).keys
  const ticket = asked.searchParams.get('ticket') ?? ''
  const { payload } = await jwtVerify(ticket, createLocalJWKSet({ keys: keys as never }), {
    issuer: tokenIssuer,
    audience: ticketAudience,
  })
  const claims = TicketClaims.parse(payload)
  expect(claims).toMatchObject({ sub: grace.id, repl: repl.id, gen: launch.generation, port: 3000 })
  expect(claims.exp - claims.iat).toBe(60)
  const again = new URL((await preview(grace)).url).searchParams.get('ticket')
  expect(again).not.toBe(ticket)
  // A ticket is no way into any other door.
  await expect(
    jwtVerify(ticket, createLocalJWKSet({ keys: keys as never }), { audience: doorAudience }),
  ).rejects.toThrow()
})

/** What the runner of `of` is told; an error code when it is refused. */
async function rules(of: {
  repl: string
  generation: number
  privateKey: string
}): Promise<PreviewRules | string> {
  const key = createPrivateKey({ key: Buffer.from(of.privateKey, 'base64'), format: 'der', type: 'pkcs8' })
  const token = await new SignJWT({ repl: of.repl, gen: of.generation })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setIssuer(tokenIssuer)
    .setAudience(rulesAudience)
    .setExpirationTime('60s')
    .sign(key)
  const answer = await fetch(`${house.orchestrator.url}/v1/sessions/${repl.id}/previews`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const body = (await answer.json()) as { rules?: unknown; error?: { code: string } }
  return body.error?.code ?? PreviewRules.parse(body.rules)
}

test('P-3 the session’s runner is told the members and the owner’s choice', async () => {
  expect(await rules(launch)).toEqual({ members: { [ada.id]: 'owner', [grace.id]: 'viewer' }, ports: {} })

  const body = { port: 3000, visibility: 'public' }
  expect((await house.ask('PATCH', `/v1/repls/${repl.id}/previews`, { as: ada, body })).status).toBe(200)

  expect((await preview(grace)).visibility).toBe('public')
  expect(await rules(launch)).toMatchObject({ ports: { 3000: 'public' } })
})

test('P-3 who may not see a port gets no ticket for it, and hears why', async () => {
  const show = (visibility: string) =>
    house.ask('PATCH', `/v1/repls/${repl.id}/previews`, { as: ada, body: { port: 3100, visibility } })
  const ask = (as: Person) =>
    house.ask('POST', `/v1/repls/${repl.id}/previews`, { as, body: { port: 3100, from } })
  await show('owner')

  expect((await ask(grace)).error).toMatchObject({
    code: 'forbidden',
    say: 'The owner shows port 3100 to nobody else.',
  })
  expect((await ask(ada)).status).toBe(200)
  await show('members')
  expect((await ask(grace)).status).toBe(200)
})

test('A-12 a change of who may see a port is a line of the audit log; what changes nothing is none', async () => {
  const lines = async (): Promise<Record<string, unknown>[]> =>
    (await readFile(join(house.config.data, 'audit.log'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  const begun = (await lines()).length
  const show = (as: Person, visibility: string) =>
    house.ask('PATCH', `/v1/repls/${repl.id}/previews`, { as, body: { port: 3200, visibility } })

  await show(ada, 'members')
  await show(ada, 'public')
  await show(ada, 'public')
  expect((await show(grace, 'owner')).error.code).toBe('forbidden')
  await show(ada, 'owner')

  const who = { id: ada.id, name: ada.name }
  const of = { at: expect.any(String) as string, what: 'preview-shown', who, repl: repl.id, port: 3200 }
  expect((await lines()).slice(begun)).toEqual([
    { ...of, from: 'members', to: 'public' },
    { ...of, from: 'public', to: 'owner' },
  ])
})

test('P-3 nobody but the session’s runner is told who the members are', async () => {
  const key = generateKeyPairSync('ed25519').privateKey
  const privateKey = key.export({ format: 'der', type: 'pkcs8' }).toString('base64')

  expect(await rules({ ...launch, privateKey })).toBe('bad-token')
  expect(await rules({ ...launch, generation: launch.generation + 1 })).toBe('stale-generation')
  expect(await rules({ ...launch, repl: 'a'.repeat(20) })).toBe('stale-generation')
  const bare = await fetch(`${house.orchestrator.url}/v1/sessions/${repl.id}/previews`)
  expect(bare.status).toBe(401)
})

test('P-7 an address that somebody kept leads to its repl again after the table of routes was lost', async () => {
  const slug = readPreviewLabel(new URL((await preview(ada)).origin).hostname.split('.')[0] ?? '')?.slug ?? ''
  await rm(house.config.routes)

  await house.restart()

  const table = RouteTable.parse(JSON.parse(await readFile(house.config.routes, 'utf8')))
  expect(table.slugs).toMatchObject({ [slug]: repl.id })
})

test('P-2 a repl that does not run has no previews, and a port that is none is refused', async () => {
  const idle = await aRepl(house, ada, 'idle')
  const asked = await house.ask('POST', `/v1/repls/${idle.id}/previews`, {
    as: ada,
    body: { port: 3000, from },
  })
  expect(asked.error.code).toBe('not-running')
  for (const port of [0, 70000, 'x', 1.5])
    expect(
      (await house.ask('POST', `/v1/repls/${repl.id}/previews`, { as: ada, body: { port, from } })).error
        .code,
    ).toBe('bad-input')
})

test('P-7 whatever a repl is called, its slug is one label of a host with 6 random characters at its end', () => {
  const names = [
    'two sum',
    'Ünïcödé',
    '日本語',
    '---',
    'a'.repeat(60),
    'x--y',
    'A.B_C',
    "o'neill (2)",
    '1 2 3 4 5 6 7 8 9 10',
  ]
  for (const name of names) {
    const slug = newPreviewSlug(name, random)
    expect(PreviewSlug.safeParse(slug).success).toBe(true)
    expect(slug).toMatch(/^[a-z0-9-]*[a-z2-7]{6}$/)
    expect(slug).not.toContain('--')
    expect(readPreviewLabel(`${slug}--65535`)).toEqual({ slug, port: 65535 })
    expect(`${slug}--65535`.length).toBeLessThanOrEqual(63)
  }
  expect(new Set(Array.from({ length: 200 }, () => newPreviewSlug('same', random))).size).toBe(200)
  for (const label of ['x--3000', 'two-sum-abcdef', 'two-sum-abcdef--0', 'two-sum-abcdef--70000', '--3000'])
    expect(readPreviewLabel(label)).toBeNull()
})

test('P-8 a wildcard name is read with or without its scheme and port; anything else is refused', () => {
  expect(readPreviewBase('*.example.org', 7070)).toEqual({
    scheme: 'http',
    suffix: 'example.org',
    port: '7070',
  })
  expect(readPreviewBase('https://*.p.example.org', 7070)).toEqual({
    scheme: 'https',
    suffix: 'p.example.org',
    port: '',
  })
  expect(readPreviewBase('http://*.example.org:80', 7070)).toEqual({
    scheme: 'http',
    suffix: 'example.org',
    port: '80',
  })
  for (const text of ['example.org', '*', '*.', 'ftp://*.x.org', '*.x.org/path', '*.a b', '*.*.org'])
    expect(readPreviewBase(text, 7070)).toBeNull()
  expect(previewSources(['http://localhost:7070', 'http://192.168.1.5:7070'], undefined)).toEqual([
    'http://*.localhost:7070',
    'http://localhost:*',
    'http://192.168.1.5:*',
  ])
})
