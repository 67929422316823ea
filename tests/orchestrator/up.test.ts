// The one command: what it refuses in words, how it keeps processes alive, and how it begins and ends everything.
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Settings, readSettings } from '../../orchestrator/cli/args.ts'
import { login } from '../../orchestrator/cli/login.ts'
import { placesOf } from '../../orchestrator/cli/places.ts'
import { mustBeFree } from '../../orchestrator/cli/ports.ts'
import { originsOf } from '../../orchestrator/cli/programs.ts'
import { supervise } from '../../orchestrator/cli/supervise.ts'
import { type Up, refusalOf, up } from '../../orchestrator/cli/up.ts'
import { identify } from '../../orchestrator/process-identity.ts'
import { eventually } from '../support/eventually.ts'
import { tempFolder } from '../support/folders.ts'

const refused = (argv: string[]): string => {
  try {
    return JSON.stringify(readSettings(argv, { HOME: '/home/ada' }))
  } catch (thrown) {
    return refusalOf(thrown) ?? `not in words: ${String(thrown)}`
  }
}

test('an address that is not this machine’s is said to be that, not a port that somebody has', async () => {
  const taken = createServer()
  await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done))
  const { port } = taken.address() as AddressInfo
  const said = (host: string): Promise<string | null> => mustBeFree(port, host).then(() => null, refusalOf)

  expect(await said('203.0.113.9')).toMatch(/^203\.0\.113\.9 is no address of this machine.*--host/)
  expect(await said('127.0.0.1')).toMatch(/another program has it.*--port/)

  await new Promise((done) => taken.close(done))
  expect(await said('127.0.0.1')).toBeNull()
})

describe('arguments', () => {
  test('the data folder follows XDG, the home folder, or --data', () => {
    expect(readSettings([], { HOME: '/home/ada' })).toMatchObject({
      command: 'up',
      data: '/home/ada/.local/share/devex',
      port: 7070,
      host: '127.0.0.1',
    })
    expect(readSettings(['up'], { HOME: '/x', XDG_DATA_HOME: '/xdg' })).toMatchObject({ data: '/xdg/devex' })
    expect(readSettings(['up', '--data', '/d', '--port', '80'], {})).toMatchObject({ data: '/d', port: 80 })
  })

  test.each([
    [['up', '--port', '0'], /--port needs a number/],
    [['up', '--port', '8e3'], /--port needs a number/],
    [['up', '--prot', '1'], /Unknown option '--prot'/],
    [['down'], /no command "down"/],
    [['up', '--host', 'example.org'], /--host needs an IP address/],
    [['up', '--isolation', 'vm'], /no isolation "vm"\. Use one of process, bwrap, /],
    [['up', '--preview-host', 'example.org'], /--preview-host needs a name that begins with \*\./],
  ])('%j is refused in words', (argv, words) => {
    expect(refused(argv)).toMatch(words)
  })

  test('the isolation is the best there is, or the one that was asked for', () => {
    expect(readSettings([], { HOME: '/x' })).toMatchObject({ isolation: null })
    expect(readSettings([], { HOME: '/x', DEVEX_ISOLATION: 'bwrap+net' })).toMatchObject({
      isolation: 'bwrap+net',
    })
    expect(
      readSettings(['up', '--isolation', 'process'], { HOME: '/x', DEVEX_ISOLATION: 'bwrap' }),
    ).toMatchObject({ isolation: 'process' })
  })

  test('P-8 a wildcard host for previews is taken from the command line or the environment', () => {
    const given = readSettings(['up', '--preview-host', 'https://*.p.example.org'], { HOME: '/x' })
    expect(given).toMatchObject({ previewHost: 'https://*.p.example.org' })
    const said = readSettings([], { HOME: '/x', DEVEX_PREVIEW_HOST: '*.example.org' })
    expect(said).toMatchObject({ previewHost: '*.example.org' })
    expect(readSettings([], { HOME: '/x' })).not.toHaveProperty('previewHost')
  })

  test('addresses beyond this machine are those that links name', () => {
    const settings = readSettings(['up', '--host', '192.0.2.7', '--isolation', 'process'], { HOME: '/x' })
    expect(settings).toMatchObject({ host: '192.0.2.7' })
    expect(originsOf({ host: '192.0.2.7', port: 7070 })).toEqual([
      'http://192.0.2.7:7070',
      'http://localhost:7070',
      'http://127.0.0.1:7070',
    ])
    expect(originsOf({ host: '127.0.0.1', port: 1 })).toEqual(['http://localhost:1', 'http://127.0.0.1:1'])
  })
})

/** Listens where it is told, and keeps a file with its process number. */
const standIn = `
  import { createServer } from 'node:http'
  import { writeFileSync } from 'node:fs'
  const server = createServer((_, response) => response.end('here'))
  writeFileSync(process.argv[1] + '.pid', String(process.pid))
  if (process.env.DIE) process.exit(7)
  server.listen(Number(process.env.DEVEX_PORT ?? 0), '127.0.0.1', () => process.send({ listening: server.address().port }))
  process.on('SIGTERM', () => process.exit(0))
`

describe('R-9 supervision', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>
  beforeEach(async () => {
    folder = await tempFolder()
    await writeFile(join(folder.path, 'package.json'), '{"type":"module"}')
    await writeFile(join(folder.path, 'small.js'), standIn)
  })
  afterEach(() => folder.remove())

  const program = (env: Record<string, string> = {}) => ({
    name: 'small',
    file: join(folder.path, 'small.js'),
    env: { PATH: process.env['PATH'] ?? '', ...env },
    log: join(folder.path, 'small.log'),
  })
  /** Never 0, which would mean our own group: a file that is just being written is read again. */
  const pid = () =>
    eventually(
      async () => Number(await readFile(join(folder.path, 'small.js.pid'), 'utf8').catch(() => '')) || null,
    )

  test('R-9 a process that dies is started again after a growing delay, with the reason in the log', async () => {
    const lines: string[] = []
    const logged: string[] = []
    const log = pino({}, { write: (line: string) => void logged.push(line) })
    const child = supervise(program(), { log, say: (line) => lines.push(line) })
    await child.ready
    for (let deaths = 1; deaths <= 3; deaths++) {
      const before = await pid()
      process.kill(before, 'SIGKILL')
      await eventually(async () => (await pid()) !== before)
    }

    const told = logged.map((line) => JSON.parse(line) as { delayMs: number; how: string; process: string })
    expect(told.map((each) => each.delayMs)).toEqual([250, 500, 1000])
    expect(told[0]).toMatchObject({ process: 'small', how: 'was ended by SIGKILL' })
    expect(lines[0]).toMatch(/^small was ended by SIGKILL; starting it again in 0\.25 s\. Its log is/)

    await eventually(async () => (await identify(await pid())) !== null)
    await child.end()
    expect(await identify(await pid())).toBeNull()
  })

  test('R-9 a process told to end is not started again', async () => {
    const child = supervise(program(), { log: pino({ level: 'silent' }), say: () => undefined })
    await child.ready
    const first = await pid()
    await child.end()
    expect(await pid()).toBe(first)
    expect(await identify(first)).toBeNull()
  })
})

describe('up', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>
  let programs: string
  let lines: string[]
  const running: Up[] = []

  beforeAll(async () => {
    folder = await tempFolder()
    programs = join(folder.path, 'programs')
    await mkdir(programs)
    await writeFile(join(programs, 'package.json'), '{"type":"module"}')
    for (const name of ['app', 'collab-server', 'front-door', 'sync'])
      await writeFile(join(programs, `${name}.js`), standIn)
    const options = { bundle: true, platform: 'node', format: 'esm', packages: 'external' } as const
    await build({ ...options, entryPoints: { orchestrator: 'orchestrator/main.ts' }, outdir: programs })
    // Packages stay outside of the bundle and are found from where it lies.
    const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))
    spawnSync('ln', ['-s', modules, join(folder.path, 'node_modules')])
  })
  beforeEach(() => {
    lines = []
  })
  afterEach(async () => {
    for (const each of running.splice(0)) await each.end()
  })
  afterAll(async () => {
    await rm(placesOf(data()).run, { recursive: true, force: true })
    await folder.remove()
  })

  const data = () => join(folder.path, 'data')
  const settings = async (change: Partial<Settings> = {}): Promise<Settings> => ({
    command: 'up',
    data: data(),
    port: await freePort(),
    host: '127.0.0.1',
    logLevel: 'info',
    isolation: null,
    ...change,
  })
  const start = async (change: Partial<Settings> = {}) => {
    const templates = fileURLToPath(new URL('../../templates', import.meta.url))
    const say = (line: string) => void lines.push(line)
    const one = await up({
      settings: await settings(change),
      build: 'test',
      programs,
      templates,
      system: process.env,
      say,
    })
    running.push(one)
    return one
  }
  const words = (starting: Promise<unknown>) =>
    starting.then(
      () => 'started',
      (thrown: unknown) => refusalOf(thrown) ?? `not in words: ${String(thrown)}`,
    )

  test('one link is printed when all listen; another comes from login; the end is in order and complete', async () => {
    const one = await start()

    expect(one.link).toMatch(/^http:\/\/localhost:\d+\/welcome\/[a-z2-7]{32}$/)
    expect(lines.filter((line) => line.includes(one.link))).toHaveLength(1)
    expect(lines.join('\n')).toContain(data())
    expect((await fetch(new URL('/', one.link))).status).toBe(200)
    const printed: string[] = []
    await login(await settings(), (line) => printed.push(line))
    expect(printed.join()).toMatch(/\/welcome\/[a-z2-7]{32}/)
    expect((await stat(data())).mode & 0o077).toBe(0)
    expect((await stat(join(data(), 'keys', 'secrets.json'))).mode & 0o077).toBe(0)
    expect((await stat(placesOf(data()).run)).mode & 0o077).toBe(0)

    running.splice(0)
    await one.end()

    expect(lines.at(-1)).toBe('Everything has ended.')
    await expect(stat(placesOf(data()).run)).rejects.toThrow('ENOENT')
    for (const name of ['app', 'collab-server', 'front-door', 'sync'])
      expect(await identify(Number(await readFile(join(programs, `${name}.js.pid`), 'utf8')))).toBeNull()
    expect(await words(login(await settings(), () => undefined))).toMatch(/^No DevEx runs on the data folder/)
  })

  test('a second one on the same data folder is refused in words and the first goes on', async () => {
    const one = await start()
    expect(await words(start())).toMatch(/is in use by another DevEx \(process \d+\)\. Stop that one/)
    expect((await fetch(new URL('/', one.link))).status).toBe(200)
  })

  test('a busy port is refused in words, and nothing stays behind', async () => {
    const busy = createServer()
    await new Promise<void>((done) => busy.listen(0, '127.0.0.1', done))
    const { port } = busy.address() as AddressInfo

    expect(await words(start({ port }))).toMatch(
      new RegExp(`^Port ${port} on 127.0.0.1 cannot be used: .* --port ${port + 1}`),
    )

    await new Promise((done) => busy.close(done))
    await start()
  })

  test('a folder that cannot be written is refused in words', async () => {
    await writeFile(join(folder.path, 'file'), '')
    const data = join(folder.path, 'file', 'data')
    expect(await words(start({ data }))).toMatch(
      /^The folder .* cannot be written \(ENOTDIR\)\. Choose another with --data DIR\.$/,
    )
  })

  test('a folder of the system is refused in words, at once', async () => {
    for (const data of ['/proc/x', '/sys/x/y'])
      expect(await words(start({ data }))).toBe(
        `${data} belongs to the system, which keeps no files there. Choose another with --data DIR.`,
      )
  })

  test('what an up that was killed left running is ended before the next begins', async () => {
    const one = await start()
    const places = placesOf(data())
    const before = await readFile(places.running, 'utf8')
    running.splice(0)
    await one.end()
    const orphan = spawnOrphan()
    const identity = await eventually(() => identify(orphan))
    await writeFile(places.running, JSON.stringify({ ...JSON.parse(before), processes: [identity] }))

    await start()

    expect(await identify(orphan)).toBeNull()
  })
})

function spawnOrphan(): number {
  const started = spawnSync('bash', ['-c', 'sleep 1000 >/dev/null 2>&1 & echo $!'], { encoding: 'utf8' })
  return Number(started.stdout)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}
