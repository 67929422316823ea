// What a runner knows of who may see previews: asked for, believed for a second, kept while nobody answers.
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt } from 'jose'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rulesAudience, type PreviewRules } from '../../../protocol/preview.ts'
import { askedRules, type Rules } from '../../../runner/doors/preview/rules.ts'
import { ada, aReplId, grace } from '../../support/keys.ts'

const repl = aReplId()
let server: Server
let asked: string[]
let told: PreviewRules | null
let now: number
let rules: Rules

beforeEach(async () => {
  asked = []
  told = { members: { [ada.id]: 'owner' }, ports: {} }
  now = Date.now()
  server = createServer((req, res) => {
    asked.push(`${req.url} ${req.headers.authorization}`)
    if (told === null) res.writeHead(500).end()
    else res.end(JSON.stringify({ rules: told }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const privateKey = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' })
  rules = askedRules(
    {
      repl,
      generation: 3,
      privateKey: privateKey.toString('base64'),
      keysUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/keys`,
    },
    pino({ level: 'silent' }),
    { now: () => now },
  )
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

test('P-3 a change is known within a second, and many requests ask once', async () => {
  await Promise.all(Array.from({ length: 20 }, () => rules.now()))
  expect(asked).toHaveLength(1)
  const [path = '', , token = ''] = (asked[0] ?? '').split(' ')
  expect(path).toBe(`/v1/sessions/${repl}/previews`)
  expect(decodeJwt(token)).toMatchObject({ repl, gen: 3, aud: rulesAudience })

  told = { members: {}, ports: { 3000: 'public' } }
  now += 1001

  expect(await rules.now()).toEqual(told)
})

test('P-3 A-9 who comes with a ticket is judged by rules asked for anew: one who was let in a moment ago is in', async () => {
  await rules.now()
  told = { members: { [ada.id]: 'owner', [grace.id]: 'viewer' }, ports: {} }

  expect((await rules.now())?.members).not.toHaveProperty(grace.id)
  expect(await rules.fresh()).toEqual(told)
  expect(await rules.now()).toEqual(told)
  told = null
  expect((await rules.fresh())?.members).toHaveProperty(grace.id)
})

test('P-3 while the orchestrator is away what was known holds for a while, and nothing is let in after it', async () => {
  const before = await rules.now()
  told = null
  now += 60_000
  expect(await rules.now()).toEqual(before)

  now += 10 * 60_000
  expect(await rules.now()).toBeNull()
})
