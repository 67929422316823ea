// The app's server: headers, assets, the check of who may change something, and the built pages. What pages do is in routes/.
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import express, { type Express } from 'express'
import { pino, type Logger } from 'pino'
import type { AppConfig } from './config.ts'
import { createRequestHandler, type ServerBuild } from './framework.server.ts'
import { assets } from './services/assets.server.ts'
import { contentPolicy, guardChanges, knownHost, securityHeaders } from './services/policy.server.ts'

export interface StartedApp {
  /** The port it listens on. */
  port: number
  close(): Promise<void>
}

interface AppParts {
  config: AppConfig
  /** Folder of the built pages, with client/ and server/. */
  buildFolder: string
  log?: Logger
}

const idBytes = 6
const nonceBytes = 16

async function readBuild(folder: string): Promise<ServerBuild> {
  const module: ServerBuild = await import(pathToFileURL(join(folder, 'server', 'index.js')).href)
  return module
}

function pages(
  { config, log }: { config: AppConfig; log: Logger },
  build: ServerBuild,
): express.RequestHandler {
  return createRequestHandler({
    build,
    mode: 'production',
    getLoadContext: (_req, res) => {
      const nonce = randomBytes(nonceBytes).toString('base64')
      res.setHeader('content-security-policy', contentPolicy(config, nonce))
      return { config, log, nonce, requestId: randomBytes(idBytes).toString('hex') }
    },
  })
}

function assemble(
  parts: { config: AppConfig; log: Logger; buildFolder: string },
  build: ServerBuild,
): Express {
  const { config, log, buildFolder } = parts
  const app = express().disable('x-powered-by')
  app.get('/healthz', (_req, res) => res.json({ ok: true, build: config.build }))
  app.use(securityHeaders(config))
  app.use(guardChanges(config, (error) => log.warn({ code: error.code, ...error.log }, error.say)))
  app.use(assets(join(buildFolder, 'client')))
  app.use(knownHost(config), pages({ config, log }, build))
  app.use(lastResort(log))
  return app
}

/** What even Remix could not answer: plain words, detail in the log. */
function lastResort(log: Logger): express.ErrorRequestHandler {
  return (error, _req, res, next) => {
    log.error({ err: error }, 'a request failed outside of every route')
    if (res.headersSent) return next(error)
    res.status(500).type('text/plain').send('Something failed on our side. It has been logged.')
  }
}

function listen(server: Server, config: AppConfig): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.port, config.host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : config.port)
    })
  })
}

/** Serves the built pages until `close`. Rejects when the build is missing or the port is taken. */
export async function startApp(parts: AppParts): Promise<StartedApp> {
  const { config, buildFolder } = parts
  const log = parts.log ?? pino({ name: 'app', level: config.logLevel })
  const build = await readBuild(buildFolder)
  const server = createServer(assemble({ config, log, buildFolder }, build))
  const port = await listen(server, config)
  log.info({ port }, 'the app listens')
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        // Event streams never end by themselves.
        server.closeAllConnections()
      }),
  }
}
