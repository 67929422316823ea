// A whole runner on temp folders with keys and a relay: what the tests of its doors begin with.
import { mkdtemp, mkdir, realpath, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunnerLaunch } from '../../../protocol/control.ts'
import { controlAudience } from '../../../protocol/access.ts'
import { startBox, type Box } from '../../../runner/box/start.ts'
import { aReplId, Keys } from '../../support/keys.ts'
import { FakeRelay } from './relay.ts'

export type Setting = {
  launch: RunnerLaunch
  keys: Keys
  relay: FakeRelay
  publicKey: string
  close(): Promise<void>
}

/** `collabUrl` replaces the fake relay's, for a test with the real one. */
export async function newSetting(given: { collabUrl?: string } = {}): Promise<Setting> {
  const keys = await new Keys().start()
  const relay = await new FakeRelay().start()
  const base = await realpath(await mkdtemp(join(tmpdir(), 'devex-run-')))
  for (const folder of ['workspace', 'state', 'run', 'home']) await mkdir(join(base, folder))
  const repl = aReplId()
  const session = await keys.session(repl, 1)
  const launch: RunnerLaunch = {
    protocol: 1,
    build: 'test',
    repl,
    generation: 1,
    name: 'A repl',
    level: 'process',
    workspace: join(base, 'workspace'),
    state: join(base, 'state'),
    socket: join(base, 'run', 'runner.sock'),
    boxSocket: join(base, 'box', 'box.sock'),
    boxSecret: '00'.repeat(32),
    collabUrl: given.collabUrl ?? relay.url,
    keysUrl: keys.url,
    certificate: session.certificate,
    privateKey: session.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    run: 'true',
    origins: ['http://ours.example'],
  }
  const close = async (): Promise<void> => {
    await relay.stop()
    await keys.stop()
    await rm(base, { recursive: true, force: true })
  }
  return { launch, keys, relay, publicKey: session.publicKey, close }
}

export const controlToken = (
  setting: Setting,
  claims: { repl?: string; gen?: number } = {},
): Promise<string> =>
  setting.keys.sign(
    { repl: claims.repl ?? setting.launch.repl, gen: claims.gen ?? setting.launch.generation },
    { audience: controlAudience, expiresIn: 60 },
  )

export type Answered = { status: number; body: unknown; headers: Record<string, unknown> }

/** One request to the runner's socket. */
export function ask(
  launch: RunnerLaunch,
  what: { path: string; method?: string; headers?: Record<string, string>; body?: unknown },
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { path, method = 'GET', headers = {} } = what
    const asked = request({ socketPath: launch.socket, path, method, headers, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => {
        const text = Buffer.concat(parts).toString()
        const body: unknown = text === '' ? null : JSON.parse(text)
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers })
      })
    })
    asked.on('error', reject)
    const { body } = what
    asked.end(body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body))
  })
}

/** The session's box: real shells in the workspace. */
export function startBoxOf(launch: RunnerLaunch): Promise<Box> {
  const home = join(launch.workspace, '..', 'home')
  return startBox({
    protocol: 1,
    build: 'test',
    repl: launch.repl,
    socket: launch.boxSocket,
    secret: launch.boxSecret,
    workspace: launch.workspace,
    home,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, LANG: 'C.UTF-8', TERM: 'xterm-256color' },
  })
}
