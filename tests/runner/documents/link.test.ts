// The runner's link to the relay: proof, rooms, acknowledgements, breaks, freezing.
import { verify, createPublicKey } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { proofText } from '../../../protocol/access.ts'
import { startRunner, type Runner } from '../../../runner/start.ts'
import { ada, aDocId, anEpoch, grace } from '../../support/keys.ts'
import { eventually } from '../../support/eventually.ts'
import { startSession } from './session.ts'
import { ask, controlToken, newSetting, type Setting } from './running.ts'

let setting: Setting
let runner: Runner | null = null
beforeEach(async () => {
  setting = await newSetting()
})
afterEach(async () => {
  await runner?.close()
  runner = null
  await setting.close()
})

/** A file that was a document before this session. */
async function knownDocument(path: string, text: string): Promise<{ doc: string; epoch: string }> {
  const { workspace, state } = setting.launch
  await writeFile(join(workspace, path), text)
  const before = await startSession({ folders: { workspace, state } })
  const { id: doc, epoch } = await before.join(path)
  await before.stop()
  return { doc, epoch }
}

async function start(): Promise<void> {
  runner = await startRunner(setting.launch)
  await eventually(() => runner?.health().linkReady)
}

const onDisk = (path: string): Promise<string> => readFile(join(setting.launch.workspace, path), 'utf8')

test('C-13 A-1 a later certificate is used at the next dial, and only the orchestrator can give one', async () => {
  await start()
  const { launch } = setting
  const certify = async (token: string, body: unknown) =>
    (
      await ask(launch, {
        path: `/r/${launch.repl}/control/certify`,
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body,
      })
    ).status

  expect(await certify(await setting.keys.token({ repl: launch.repl }), { certificate: 'theirs' })).toBe(401)
  expect(await certify(await controlToken(setting), { certificate: '' })).toBe(400)
  expect(await certify(await controlToken(setting), { certificate: 'later' })).toBe(200)
  setting.relay.cut()

  const dial = await eventually(() => setting.relay.dials[1])
  expect(dial).toEqual(['devex.link.v1', 'bearer.later'])
})

test('C-13 the runner dials with its certificate and signs the nonce of this very connection', async () => {
  await start()
  const hello = await eventually(() => setting.relay.last('hello'))

  expect(setting.relay.dials[0]).toEqual(['devex.link.v1', `bearer.${setting.launch.certificate}`])
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: setting.publicKey }, format: 'jwk' })
  const text = proofText({ ...setting.launch, nonce: setting.relay.nonces[0]! })
  expect(verify(null, Buffer.from(text), key, Buffer.from(hello.signature, 'base64url'))).toBe(true)
})

test('C-6 an edit is acknowledged as logged, then as saved, and is in the file', async () => {
  const room = await knownDocument('a.py', 'one\n')
  await start()
  const page = setting.relay.page(room, ada.id)
  await eventually(() => page.joined)

  page.text.insert(0, 'ada\n')
  page.text.insert(0, 'and ')
  await eventually(() => setting.relay.last('saved')?.n === 2)

  const types = setting.relay.seen.map(({ message }) => message.type)
  expect(types.indexOf('logged')).toBeLessThan(types.indexOf('saved'))
  expect(setting.relay.last('logged')).toMatchObject({ ...room, n: 2 })
  await eventually(async () => (await onDisk('a.py')) === 'and ada\none\n')
})

test('C-5 a relay that replays is acknowledged again, and nothing is doubled', async () => {
  const room = await knownDocument('a.py', 'one\n')
  await start()
  const page = setting.relay.page(room, ada.id)
  await eventually(() => page.joined)
  page.text.insert(0, 'ada\n')
  await eventually(() => setting.relay.last('saved')?.n === 1)
  const seq = runner?.health().seq

  setting.relay.cut()
  await eventually(() => setting.relay.all('hello').length === 2)
  page.replay(0)
  await eventually(() => setting.relay.all('saved').length === 2)

  const late = setting.relay.page(room, grace.id)
  await eventually(() => late.text.toString() !== '')
  expect(late.text.toString()).toBe('ada\none\n')
  expect(await onDisk('a.py')).toBe('ada\none\n')
  expect((runner?.health().seq ?? 0) - (seq ?? 0)).toBeLessThanOrEqual(1)
})

test('C-2 C-10 an unknown document is refused with 4404 and another epoch with 4409, before any state', async () => {
  const room = await knownDocument('a.py', 'one\n')
  await start()

  setting.relay.send({ type: 'open', doc: aDocId(), epoch: anEpoch() })
  setting.relay.send({ type: 'open', doc: room.doc, epoch: anEpoch() })
  await eventually(() => setting.relay.all('refuse').length === 2)

  expect(setting.relay.all('refuse').map(({ code }) => code)).toEqual([4404, 4409])
  expect(setting.relay.all('state')).toEqual([])
})

test('a frame that is garbage ends that connection, and the next one works', async () => {
  const room = await knownDocument('a.py', 'one\n')
  await start()
  setting.relay.sendRaw(new Uint8Array([1, 2, 3]))

  await eventually(() => setting.relay.all('hello').length === 2)
  const page = setting.relay.page(room, ada.id)
  await eventually(() => page.text.toString() === 'one\n')
})

test('an update that cannot be read changes nothing, and those after it are taken', async () => {
  const room = await knownDocument('a.py', 'one\n')
  await start()
  const page = setting.relay.page(room, ada.id)
  await eventually(() => page.joined)

  setting.relay.send(
    { type: 'update', ...room, n: 1, author: ada.id },
    new Uint8Array([255, 255, 255, 255, 9]),
  )
  page.text.insert(0, 'ada\n')
  await eventually(async () => (await onDisk('a.py')) === 'ada\none\n')
})
