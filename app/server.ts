// The app's server: headers, assets, the check of who may change something, and the built pages. What pages do is in routes/.
import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import express, { type Express } from 'express'
import { pino, type Logger } from 'pino'
import { logLines } from '../protocol/log-lines.ts'
import type { AppConfig } from './config.ts'
import { createRequestHandler, type ServerBuild } from './framework.server.ts'
import { assets } from './services/assets.server.ts'
import { contentPolicy, guardChanges, knownHost, securityHeaders } from './services/policy.server.ts'
import { readerOf } from './services/reader.server.ts'

export interface StartedApp {
  /** The port it listens on. */
  port: number
  close(): Promise<void>
}

/** Where pages come from. */
export interface PageSource {
  mode: 'production' | 'development'
  build: ServerBuild | (() => Promise<ServerBuild>)
  /** Answers requests for scripts, styles and other files, and passes on the rest. */
  files: express.RequestHandler
}

interface AppParts {
  config: AppConfig
  /** Folder of the built pages, with client/ and server/; or what makes them while somebody develops. */
  pages: string | ((server: Server) => Promise<PageSource>)
  log?: Logger
}

const idBytes = 6
const nonceBytes = 16

async function builtPages(folder: string): Promise<PageSource> {
  const build: ServerBuild = await import(pathToFileURL(join(folder, 'server', 'index.js')).href)
  return { mode: 'production', build, files: assets(join(folder, 'client')) }
}

function pages(
  { config, log }: { config: AppConfig; log: Logger },
  { build, mode }: PageSource,
): express.RequestHandler {
  return createRequestHandler({
    build,
    mode,
    getLoadContext: (_req, res) => {
      const nonce = randomBytes(nonceBytes).toString('base64')
      res.setHeader('content-security-policy', contentPolicy(config, nonce))
      const requestId = randomBytes(idBytes).toString('hex')
      return { config, log, nonce, requestId, reader: readerOf(res) }
    },
  })
}

function assemble({ config, log }: { config: AppConfig; log: Logger }, source: PageSource): Express {
  const app = express().disable('x-powered-by')
  app.get('/healthz', (_req, res) => res.json({ ok: true, build: config.build }))
  app.use(securityHeaders(config))
  app.use(guardChanges(config, (error) => log.warn({ code: error.code, ...error.log }, error.say)))
  app.use(source.files)
  app.use(knownHost(config), pages({ config, log }, source))
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

/** Serves the pages until `close`. Rejects when the build is missing or the port is taken. */
export async function startApp(parts: AppParts): Promise<StartedApp> {
  const { config, pages: from } = parts
  const log =
    parts.log ??
    pino(
      { name: 'app', level: config.logLevel },
      logLines((bytes) => writeSync(1, bytes)),
    )
  const server = createServer()
  const source = typeof from === 'string' ? await builtPages(from) : await from(server)
  server.on('request', assemble({ config, log }, source))
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
