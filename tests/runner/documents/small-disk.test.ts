// A real file system of 8 MB, full: the runner as a process in a mount namespace of its own. Needs root, and says so.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ada } from '../../support/keys.ts'
import { eventually } from '../../support/eventually.ts'
import { bundle } from '../../support/programs.ts'
import { canMount, fill, seenBy } from '../../support/small-disk.ts'
import { newSetting, type Setting } from './running.ts'
import { startSession } from './session.ts'

const why = canMount ? '' : ' (not on this machine: mounting needs root and unshare)'
if (!canMount) console.warn(`small-disk.test.ts: nothing was mounted${why}`)

let setting: Setting
let child: ChildProcess | null = null
let program = ''
let removeProgram: () => Promise<void>
beforeAll(async () => {
  const built = await bundle('runner/main.ts')
  program = built.path
  removeProgram = built.remove
})
afterAll(() => removeProgram())
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  await setting.close()
})

const logFile = (): string => join(setting.launch.state, '..', 'runner.log')

const script =
  'cp -a "$1" "$1.kept" && mount -t tmpfs -o size=8m tmpfs "$1" && cp -a "$1.kept/." "$1/" && exec "$2" "$3" "$4" >> "$5"'

/** The runner with `folder` on a file system of 8 MB, its log in `log`; the answer is where the test finds that folder. */
async function startOn(folder: string, log = logFile()): Promise<string> {
  const launchFile = join(setting.launch.state, '..', 'launch.json')
  await writeFile(launchFile, JSON.stringify(setting.launch), { mode: 0o600 })
  const args = [folder, process.execPath, program, launchFile, log]
  child = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { PATH: process.env['PATH'], DEVEX_LOG: 'debug' },
  })
  await eventually(() => setting.relay.last('hello'), 20_000)
  return seenBy(child.pid ?? 0, folder)
}

async function document(text: string): Promise<{ doc: string; epoch: string }> {
  const { workspace, state } = setting.launch
  writeFileSync(join(workspace, 'a.txt'), text)
  const before = await startSession({ folders: { workspace, state } })
  const { id: doc, epoch } = await before.join('a.txt')
  await before.stop()
  return { doc, epoch }
}

test.runIf(canMount)(
  'C-6 W-9 our own disk of 8 MB full: read-only with the reason, then everything is there',
  async () => {
    setting = await newSetting()
    const { relay, launch } = setting
    const room = await document('begin\n')
    const state = await startOn(launch.state)
    const page = relay.page(room, ada.id)
    await eventually(() => page.joined)

    fill(state)
    page.text.insert(0, 'in flight\n')
    await eventually(() => relay.last('freeze')?.say.includes('disk is full'))
    // The reserve takes what had been sent already; what it cannot hold waits in our memory and is not acknowledged.
    await eventually(() => relay.last('saved')?.n === 1)
    const line = `${'x'.repeat(99_999)}\n`
    for (let i = 0; i < 25; i += 1) page.text.insert(page.text.length, line)
    const last = page.sent.at(-1)?.n ?? 0
    // Attempts to go on: none of them may take room for nothing.
    const refusals = (): number => readFileSync(logFile(), 'utf8').split('the disk refuses the log').length
    const before = refusals()
    await eventually(() => refusals() >= before + 3, 20_000)
    expect(relay.last('saved')?.n).toBeLessThan(last)
    expect(relay.last('thaw')).toBeUndefined()

    rmSync(join(state, 'filler'))
    await eventually(() => relay.last('saved')?.n === last && relay.last('thaw'))
    const text = `in flight\nbegin\n${line.repeat(25)}`
    await eventually(() => readFileSync(join(launch.workspace, 'a.txt'), 'utf8') === text)
  },
  60_000,
)

test.runIf(canMount)(
  'T-7 W-9 a workspace of 8 MB full: edits are saved in the log, the file follows when there is room',
  async () => {
    setting = await newSetting()
    const { relay, launch } = setting
    const room = await document('begin\n')
    const workspace = await startOn(launch.workspace)
    const page = relay.page(room, ada.id)
    await eventually(() => page.joined)

    fill(workspace)
    appendFileSync(join(launch.state, 'witness'), 'our own disk has room')
    page.text.insert(0, 'ada\n'.repeat(4000))
    await eventually(() => relay.last('saved')?.n === 1)
    await eventually(() => relay.last('freeze')?.say.includes('disk is full'))
    expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe('begin\n')

    rmSync(join(workspace, 'filler'))
    await eventually(() => relay.last('thaw'))
    expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe(`${'ada\n'.repeat(4000)}begin\n`)
  },
)

test.runIf(canMount && existsSync('/dev/full'))(
  'W-9 T-7 a workspace is full and no log can be written: the runner goes on and says so to people',
  async () => {
    setting = await newSetting()
    const { relay, launch } = setting
    const room = await document('begin\n')
    const workspace = await startOn(launch.workspace, '/dev/full')
    const page = relay.page(room, ada.id)
    await eventually(() => page.joined)

    fill(workspace)
    page.text.insert(0, 'ada\n'.repeat(4000))
    await eventually(() => relay.last('freeze')?.say.includes('disk is full'))
    rmSync(join(workspace, 'filler'))

    await eventually(() => relay.last('thaw'))
    await eventually(() => readFileSync(join(workspace, 'a.txt'), 'utf8').startsWith('ada\n'))
  },
)
