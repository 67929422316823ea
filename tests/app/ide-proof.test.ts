// The page's side of trust: a runner proves itself before anything is told to it.
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { openLink } from '../../app/ide/link/link.ts'
import { proveRunner } from '../../app/ide/link/prove.ts'
import { until } from '../../app/ide/store.ts'
import { startFakeSession } from '../support/fake-runner.ts'

globalThis.WebSocket = WebSocket as unknown as typeof globalThis.WebSocket

async function pageAt(change: { proofIsWrong?: boolean; isStopped?: boolean } = {}) {
  const session = await startFakeSession()
  Object.assign(session.hand, change)
  const link = openLink({ ask: () => session.doors() })
  onTestFinished(async () => {
    link.dispose()
    await session.close()
  })
  return { session, link }
}

test('A-7 a runner that signs the nonce with the session key is trusted, and its sockets open', async () => {
  const { session, link } = await pageAt()
  await until(link.phase, (now) => now.phase === 'live')
  expect(session.io.of('/tree').sockets.size).toBe(1)
  expect(session.io.of('/terminal').sockets.size).toBe(1)
})

test('A-7 a wrong signature is refused and said, and no socket is opened', async () => {
  const { session, link } = await pageAt({ proofIsWrong: true })
  const phase = await until(link.phase, (now) => now.phase === 'refused')
  expect(phase).toMatchObject({ say: expect.stringContaining('could not prove who it is') as string })
  expect(link.live.get()).toBeNull()
  expect(session.io.engine.clientsCount).toBe(0)
})

test('A-7 a good signature over another session, or by another key, proves nothing', async () => {
  const { session } = await pageAt()
  const other = await session.keys.session(session.repl, 1)
  const doors = await session.doors()
  await expect(proveRunner({ ...doors, runnerKey: other.publicKey })).rejects.toMatchObject({
    code: 'bad-token',
  })
  await expect(proveRunner({ ...doors, generation: 2 })).rejects.toMatchObject({ code: 'bad-token' })
  await expect(proveRunner({ ...doors, runnerKey: 'AAAA' })).rejects.toMatchObject({ code: 'bad-token' })
})

test('a repl that does not run is said to be stopped, in the words of the server', async () => {
  const session = await startFakeSession()
  onTestFinished(() => session.close())
  const { AppError } = await import('../../protocol/errors.ts')
  const link = openLink({
    ask: () => Promise.reject(new AppError('not-running', { say: 'This REPL is stopped.' })),
  })
  onTestFinished(link.dispose)
  expect(await until(link.phase, (now) => now.phase === 'stopped')).toEqual({
    phase: 'stopped',
    say: 'This REPL is stopped.',
  })
})
