// The local driver sits the sandbox's exam with real processes, and shows what it hides from them.
import { readFile, writeFile, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { BoxLaunch, RunnerLaunch } from '../../protocol/control.ts'
import { identify } from '../../orchestrator/process-identity.ts'
import type { Level } from '../../protocol/repl.ts'
import { isolationOf } from '../../orchestrator/sandbox/local/isolation.ts'
import { localSandbox } from '../../orchestrator/sandbox/local/start.ts'
import { eventually } from '../support/eventually.ts'
import { tempFolder } from '../support/folders.ts'
import { boxOf, offeredLevels } from './cage-rig.ts'
import { aReplId } from '../support/keys.ts'
import { outerPid } from '../support/processes.ts'
import { sandboxExam } from './sandbox.ts'

const programs = fileURLToPath(new URL('../support/programs', import.meta.url))

const surroundings = {
  build: 'test',
  collabUrl: 'ws://127.0.0.1:1',
  keysUrl: 'http://127.0.0.1:1/v1/keys',
  origins: ['http://localhost:1'],
  lang: 'C.UTF-8',
  shell: '/bin/bash',
}

const levels = await offeredLevels()

function driver(folder: string, other: object = {}, level: Level = 'process') {
  const roots = { data: join(folder, 'data'), run: join(folder, 'run') }
  return localSandbox({
    ...roots,
    ...isolationOf({ ...roots, programs, path: process.env['PATH'] ?? '' }, level),
    surroundings: { ...surroundings, ...other },
    log: pino({ level: 'silent' }),
  })
}

for (const level of levels)
  sandboxExam(`local, level ${level}`, async () => {
    const folder = await tempFolder()
    return {
      sandbox: driver(folder.path, {}, level),
      again: () => driver(folder.path, {}, level),
      isAlive: async (pid) => (await identify(pid)) !== null,
      outer: async (repl, pid) =>
        level === 'process' ? pid : outerPid(await boxOf(join(folder.path, 'data'), repl), pid),
      end: folder.remove,
    }
  })

async function started(folder: string) {
  const sandbox = driver(folder)
  const session = {
    repl: aReplId(),
    generation: 1,
    name: 'two sum',
    run: 'node index.js',
    certificate: 'certificate',
    privateKey: 'key',
  }
  const folders = await sandbox.place(session.repl)
  for (const path of [folders.workspace, folders.state]) await mkdir(path, { recursive: true })
  await sandbox.boot(session)
  await eventually(() => stat(join(folders.state, 'runner-env.json')))
  return { sandbox, session, folders, run: join(folder, 'run', session.repl) }
}

test('a person’s programs get an allow-list of variables and no secret of ours; launch files are ours alone', async () => {
  process.env['DEVEX_SERVICE_SECRET'] = 'must not leak'
  const folder = await tempFolder()
  const { sandbox, session, folders, run } = await started(folder.path)

  const box = BoxLaunch.parse(JSON.parse(await readFile(join(run, 'box.json'), 'utf8')))
  const runner = RunnerLaunch.parse(JSON.parse(await readFile(join(run, 'runner.json'), 'utf8')))
  const runnerEnv = await readFile(join(folders.state, 'runner-env.json'), 'utf8')

  expect(Object.keys(box.env).sort()).toEqual(
    ['COLORTERM', 'DEVEX_REPL', 'HOME', 'LANG', 'PATH', 'SHELL', 'TERM'].sort(),
  )
  expect(box.env).toMatchObject({ HOME: folders.home, TERM: 'xterm-256color' })
  expect(box.secret).toBe(runner.boxSecret)
  expect(JSON.stringify(box) + runnerEnv).not.toContain('must not leak')
  expect(JSON.stringify(box)).not.toContain(runner.privateKey + '"')
  for (const file of ['box.json', 'runner.json'])
    expect((await stat(join(run, file))).mode & 0o777).toBe(0o600)
  expect((await stat(run)).mode & 0o777).toBe(0o700)
  delete process.env['DEVEX_SERVICE_SECRET']
  await sandbox.release(session.repl)
  await folder.remove()
})

test('a reused process number is not taken for the session’s, and nothing of it is ended', async () => {
  const folder = await tempFolder()
  const { sandbox, session } = await started(folder.path)
  await sandbox.end(session.repl)
  const other = { ...(await identify(process.pid)), starttime: '1' }
  const file = join(folder.path, 'data', 'sandboxes', session.repl, 'processes.json')
  await writeFile(file, JSON.stringify({ runner: other, box: other }))

  expect(await sandbox.observe(session)).toMatchObject({ runner: false, box: false })
  await sandbox.end(session.repl)

  expect(await identify(process.pid)).not.toBeNull()
  await sandbox.release(session.repl)
  await folder.remove()
})

test('a runner that knows addresses which are no longer ours is started again; the box and its shells stay', async () => {
  const folder = await tempFolder()
  const { sandbox, session, folders } = await started(folder.path)
  const pids = await eventually(async () => {
    const text = await readFile(join(folders.home, 'pids.json'), 'utf8')
    return text.endsWith('}') ? text : null
  })
  const moved = driver(folder.path, { collabUrl: 'ws://127.0.0.1:2' })

  expect(await moved.observe(session)).toMatchObject({ runner: false, box: true })
  await moved.boot(session)

  expect(await moved.observe(session)).toMatchObject({ runner: true, box: true })
  expect(await readFile(join(folders.home, 'pids.json'), 'utf8')).toBe(pids)
  await sandbox.release(session.repl)
  await folder.remove()
})
