// The runner as a process, killed without warning at random instants: what it had acknowledged is there, exactly once.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ada } from '../../support/keys.ts'
import { eventually } from '../../support/eventually.ts'
import { newSetting, type Setting } from './running.ts'
import { seeded, startSession } from './session.ts'

let setting: Setting
let child: ChildProcess | null = null
afterEach(async () => {
  child?.kill('SIGKILL')
  await setting.close()
})

/** The program as it is shipped: one file, its packages beside it. */
const root = join(import.meta.dirname, '../../..')
const program = join(root, 'build', `crash-test-${process.pid}.mjs`)
beforeAll(() =>
  build({
    entryPoints: [join(root, 'runner/main.ts')],
    outfile: program,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  }),
)
afterAll(() => rm(program, { force: true }))

/** Resolves when the runner has joined the relay once more. */
async function start(launchFile: string): Promise<ChildProcess> {
  const joined = setting.relay.all('hello').length
  const started = spawn(process.execPath, [program, launchFile], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], DEVEX_LOG: 'silent' },
  })
  await eventually(() => setting.relay.all('hello').length > joined, 20_000)
  return started
}

async function killed(process_: ChildProcess): Promise<void> {
  const gone = once(process_, 'exit')
  process_.kill('SIGKILL')
  await gone
}

const markOf = (i: number): string => `<${i}>`

test('W-9 C-5 killed at random instants: every logged edit is there exactly once, the file is one whole version', async () => {
  setting = await newSetting()
  const { launch, relay } = setting
  const random = seeded(20261123)
  await writeFile(join(launch.workspace, 'a.txt'), 'begin\n')
  const before = await startSession({ folders: launch })
  const { id: doc, epoch } = await before.join('a.txt')
  await before.stop()
  const launchFile = join(launch.state, '..', 'launch.json')
  await writeFile(launchFile, JSON.stringify(launch), { mode: 0o600 })
  const whole = new Set(['begin\n'])

  child = await start(launchFile)
  const page = relay.page({ doc, epoch }, ada.id)
  await eventually(() => page.joined)
  let edits = 0
  for (let round = 0; round < 4; round += 1) {
    const upTo = edits + 20 + random(60)
    for (; edits < upTo; edits += 1) {
      page.text.insert(random(2) === 0 ? 0 : page.text.length, markOf(edits))
      whole.add(page.text.toString())
      if (random(3) === 0) await new Promise((resume) => setTimeout(resume, random(20)))
    }
    await killed(child)
    expect(whole).toContain(await readFile(join(launch.workspace, 'a.txt'), 'utf8'))
    const logged = relay.last('logged')?.n ?? 0
    const saved = relay.last('saved')?.n ?? 0
    relay.seen.length = 0

    child = await start(launchFile)
    const fresh = relay.page({ doc, epoch }, ada.id)
    await eventually(() => fresh.joined)
    const text = fresh.text.toString()
    for (const { n } of page.sent.filter(({ n }) => n <= logged))
      expect(text.split(markOf(n - 1)).length - 1, `edit ${n} of ${logged} logged`).toBe(1)
    page.moved()
    const unsaved = page.sent.flatMap(({ n }, at) => (n > saved ? [at] : []))
    for (const at of unsaved) page.replay(at)
    if (unsaved.length > 0) await eventually(() => relay.last('saved')?.n === page.sent.at(-1)?.n)
  }
  const text = page.text.toString()
  await eventually(async () => (await readFile(join(launch.workspace, 'a.txt'), 'utf8')) === text)
  for (let i = 0; i < edits; i += 1) expect(text.split(markOf(i)).length - 1).toBe(1)
  expect(text.match(/begin\n/g)).toHaveLength(1)
}, 60_000)
