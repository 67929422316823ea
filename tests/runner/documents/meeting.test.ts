// Two stock clients, the real relay, the real runner and real files: they meet, type at once, and outlive a runner.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { startCollabServer } from '../../../collab-server/start.ts'
import type { RunnerLaunch } from '../../../protocol/control.ts'
import { startRunner, type Runner } from '../../../runner/start.ts'
import { ada, grace, type Somebody } from '../../support/keys.ts'
import { eventually } from '../../support/eventually.ts'
import { newSetting, type Setting } from './running.ts'
import { seeded, startSession } from './session.ts'

type Meeting = {
  setting: Setting
  launch: RunnerLaunch
  room: { doc: string; epoch: string }
  runner: Runner
}

async function meet(text: string): Promise<Meeting> {
  const setting = await newSetting()
  const relay = await startCollabServer({
    build: 'test',
    port: 0,
    keysUrl: setting.keys.url,
    access: setting.keys.access,
    origins: new Set(),
    logLevel: 'silent',
  })
  const launch = { ...setting.launch, collabUrl: `ws://127.0.0.1:${relay.port}` }
  await writeFile(join(launch.workspace, 'a.txt'), text)
  const before = await startSession({ folders: launch })
  const { id: doc, epoch } = await before.join('a.txt')
  await before.stop()
  const meeting = { setting, launch, room: { doc, epoch }, runner: await startRunner(launch) }
  onTestFinished(async () => {
    await meeting.runner.close()
    await relay.close()
    await setting.close()
  })
  return meeting
}

async function client({ setting, launch, room }: Meeting, who: Somebody): Promise<Y.Doc> {
  const doc = new Y.Doc()
  const token = await setting.keys.token({ repl: launch.repl, who })
  const path = `${launch.repl}/${room.doc}/${room.epoch}`
  const provider = new WebsocketProvider(`${launch.collabUrl}/collab`, path, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    protocols: [`bearer.${token}`],
    disableBc: true,
  })
  onTestFinished(() => provider.destroy())
  await eventually(() => provider.synced)
  return doc
}

test('C-10 C-11 W-5 two clients and a tool change one file at once, across a restart of the runner', async () => {
  const meeting = await meet('begin\r\n')
  const [a, b] = [await client(meeting, ada), await client(meeting, grace)]
  const [textA, textB] = [a.getText('content'), b.getText('content')]
  expect([textA.toString(), textB.toString()]).toEqual(['begin\n', 'begin\n'])
  const random = seeded(7)
  const path = join(meeting.launch.workspace, 'a.txt')
  const type = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      const text = random(2) === 0 ? textA : textB
      text.insert(random(text.length + 1), String.fromCodePoint(97 + random(26)))
      if (random(20) === 0) await new Promise((resume) => setTimeout(resume, 5))
    }
  }

  await type(300)
  await eventually(async () => (await readFile(path, 'utf8')) === textA.toString().replaceAll('\n', '\r\n'))
  await writeFile(path, `${await readFile(path, 'utf8')}TOOL\r\n`)
  await type(100)
  // People type letters of their own into the tool's line, too.
  await eventually(() => textA.toString().replaceAll(/[a-z]/g, '').includes('TOOL\n'))
  await meeting.runner.close()
  const typing = type(200)
  meeting.runner = await startRunner(meeting.launch)
  await typing

  await eventually(() => textA.toString() === textB.toString())
  await eventually(async () => (await readFile(path, 'utf8')) === textA.toString().replaceAll('\n', '\r\n'))
  // Everything exactly once: the first text, the tool's line, 600 letters.
  expect(textA.length).toBe('begin\nTOOL\n'.length + 600)
})
