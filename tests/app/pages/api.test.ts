// The API as functions, against a real HTTP server that follows the protocol: requests as agreed, answers parsed, failures in words.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { connectApi, type Api } from '../../../app/services/api.server.ts'
import { AppError, asAppError } from '../../../protocol/errors.ts'
import { startFakeApi, type FakeApi } from '../../support/fake-api.ts'

let fake: FakeApi
let api: Api

beforeAll(async () => {
  fake = await startFakeApi()
  api = connectApi({ url: fake.url, secret: fake.secret })
})
afterAll(() => fake.close())
beforeEach(() => void (fake.asked.length = 0))

const refused = (work: Promise<unknown>): Promise<AppError> =>
  work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => asAppError(error),
  )

test('a repl is made, started, renamed, stopped and deleted in the name of its person', async () => {
  const ada = fake.newPerson('Ada')
  const mine = api.as(ada.id)
  const made = await mine.createRepl({ name: 'two-sum', template: 'python' })
  expect((await mine.startRepl(made.id)).desired).toBe('running')
  expect((await mine.renameRepl(made.id, 'three-sum')).name).toBe('three-sum')
  expect((await mine.stopRepl(made.id)).desired).toBe('stopped')
  expect((await mine.deleteRepl(made.id)).phase).toBe('DELETED')
  expect(await mine.repls()).toMatchObject([{ id: made.id, phase: 'DELETED', goneAt: expect.any(Number) }])
  expect((await mine.undeleteRepl(made.id)).phase).toBe('STOPPED')
  expect(fake.asked).toEqual([
    `POST /v1/repls as ${ada.id}`,
    `POST /v1/repls/${made.id}/start as ${ada.id}`,
    `PATCH /v1/repls/${made.id} as ${ada.id}`,
    `POST /v1/repls/${made.id}/stop as ${ada.id}`,
    `DELETE /v1/repls/${made.id} as ${ada.id}`,
    `GET /v1/repls as ${ada.id}`,
    `POST /v1/repls/${made.id}/undelete as ${ada.id}`,
  ])
})

test('a refusal keeps its code and its words', async () => {
  const ada = fake.newPerson('Ada')
  const repl = fake.newRepl(ada, 'two-sum')
  const error = await refused(api.as(ada.id).doors(repl.id))
  expect(error.toWire()).toEqual({ code: 'not-running', say: 'two-sum does not run. Start it first.' })
  expect((await refused(api.as(fake.newPerson('Grace').id).repl(repl.id))).code).toBe('not-found')
})

test('an id or code of a wrong shape never becomes part of an address', async () => {
  const mine = api.as(fake.newPerson('Ada').id)
  for (const id of ['', '../people', 'a/b', 'A'.repeat(20), `${'a'.repeat(20)}/doors`]) {
    expect((await refused(mine.startRepl(id))).code).toBe('not-found')
    expect((await refused(api.invite(id))).code).toBe('not-found')
    expect(await api.person(id)).toBeNull()
  }
  expect(fake.asked).toEqual([])
})

test('somebody who is gone is nobody, and a wrong secret is no person either', async () => {
  expect(await api.person('a'.repeat(16))).toBeNull()
  const wrong = connectApi({ url: fake.url, secret: 'wrong' })
  expect((await refused(wrong.person('a'.repeat(16)))).code).toBe('bad-token')
})

test('A-5 a guest joins by name, somebody known by who they are', async () => {
  const repl = fake.newRepl(fake.newPerson('Ada'), 'two-sum')
  const { code } = fake.newInvite(repl, 'viewer')
  const guest = await api.acceptInvite(code, { name: 'Grace' })
  expect([guest.person.name, guest.repl.role]).toEqual(['Grace', 'viewer'])
  expect((await api.acceptInvite(code, { person: guest.person.id })).person).toEqual(guest.person)
  expect((await refused(api.acceptInvite(code, {}))).code).toBe('bad-input')
})

async function answering(status: number, body: string): Promise<{ api: Api; server: Server }> {
  const server = createServer((_req, res) => void res.writeHead(status).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { server, api: connectApi({ url: `http://127.0.0.1:${port}`, secret: 'x' }) }
}

test.each([
  [200, 'not json'],
  [200, '{"templates":[{"id":"NO"}]}'],
  [500, '<html>'],
  [502, ''],
  [200, '{"templates":null}'],
])('an answer that nobody agreed on is told as our fault: %i %s', async (status, body) => {
  const { api: strange, server } = await answering(status, body)
  const error = await refused(strange.templates())
  expect(error.code).toBe('internal')
  expect(error.say).not.toContain(body || 'html')
  expect(error.log['path']).toBe('/v1/templates')
  await new Promise((resolve) => server.close(resolve))
})
