// Test part: the real app server on a free port in front of the fake API.
import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { startApp } from '../../app/start.ts'
import { freshAppBuild } from './app-build.ts'
import { startFakeApi, type FakeApi } from './fake-api.ts'
import { freePort } from './product.ts'

export interface TestApp {
  url: string
  api: FakeApi
  close(): Promise<void>
}

export async function startTestApp(change: { origins?: [string, ...string[]] } = {}): Promise<TestApp> {
  const api = await startFakeApi()
  // The app must know its own origin before it listens.
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const config = {
    build: 'test',
    logLevel: 'silent',
    host: '127.0.0.1',
    port,
    apiUrl: api.url,
    serviceSecret: api.secret,
    cookieKey: randomBytes(32).toString('hex'),
    origins: change.origins ?? ([url] as const),
    doorOrigins: [],
  }
  const app = await startApp({ config, pages: await freshAppBuild(), log: pino({ level: 'silent' }) })
  return { url, api, close: async () => void (await Promise.all([app.close(), api.close()])) }
}

/** The name=value of the cookie that an answer sets, for the next request. */
export function cookieOf(response: Response): string {
  return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}

/** Signs `person` in through the owner link, as a browser would. */
export async function signIn(app: TestApp, code: string): Promise<string> {
  const response = await fetch(`${app.url}/welcome/${code}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: app.url },
  })
  return cookieOf(response)
}
