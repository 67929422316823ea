// A session that runs for longer than its certificate: it is given later ones while it runs.
import { generateKeyPairSync } from 'node:crypto'
import { decodeJwt } from 'jose'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { openKeys } from '../../orchestrator/access/keys.ts'
import { tokensOf } from '../../orchestrator/access/tokens.ts'
import { certifyMs, Certificates } from '../../orchestrator/certificates.ts'
import { newRecord } from '../../orchestrator/record.ts'
import { eventually } from '../support/eventually.ts'
import { tempFolder } from '../support/folders.ts'
import { aPersonId, aReplId } from '../support/keys.ts'

/** A clock under the test's hand. */
function heldClock() {
  const at = { now: 1_800_000_000_000, due: [] as { at: number; act: () => void }[] }
  const clock = {
    now: () => at.now,
    after: (ms: number, act: () => void) => {
      const timer = { at: at.now + ms, act }
      at.due.push(timer)
      return () => void (at.due = at.due.filter((other) => other !== timer))
    },
  }
  const pass = (ms: number): void => {
    at.now += ms
    const due = at.due.filter((timer) => timer.at <= at.now)
    at.due = at.due.filter((timer) => timer.at > at.now)
    for (const { act } of due) act()
  }
  return { clock, pass }
}

test('C-13 a running session gets a later certificate at once and every day, a stopped one none, and a fault stops nobody', async () => {
  const folder = await tempFolder()
  onTestFinished(() => folder.remove())
  const { clock, pass } = heldClock()
  const tokens = tokensOf(await openKeys(`${folder.path}/key.json`), () => clock.now())
  const key = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? ''
  const record = () =>
    newRecord({ id: aReplId(), name: 'one', template: 'node', owner: aPersonId(), now: clock.now() })
  const running = { ...record(), phase: 'RUNNING' as const, generation: 3, runnerKey: key }
  const deaf = { ...running, id: aReplId() }
  const values = [{ ...record(), runnerKey: null }, deaf, running]
  const given: { repl: string; certificate: string }[] = []
  const certificates = new Certificates({
    repls: { list: async () => values.map((value) => ({ id: value.id, version: 1, value })) },
    sandbox: { door: (repl) => ({ socket: repl }) },
    control: {
      certify: async ({ repl }, _door, certificate) => {
        if (repl === deaf.id) throw new Error('no answer')
        given.push({ repl, certificate })
      },
    },
    tokens,
    clock,
    log: pino({ level: 'silent' }),
  })

  pass(0)
  await eventually(() => given.length === 1)
  pass(certifyMs)
  await eventually(() => given.length === 2)

  expect(given.map(({ repl }) => repl)).toEqual([running.id, running.id])
  const [first, second] = given.map(({ certificate }) => decodeJwt(certificate))
  expect(second).toMatchObject({ repl: running.id, gen: 3, key })
  expect((second?.exp ?? 0) - (first?.exp ?? 0)).toBe(certifyMs / 1000)
  certificates.close()
  pass(10 * certifyMs)
  expect(given).toHaveLength(2)
})
