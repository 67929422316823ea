// Serves what the browser build made: hashed files for ever, compressed before. Pages are not served here.
import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import express, { type RequestHandler, type Router } from 'express'

const codings = [
  { name: 'br', ending: '.br' },
  { name: 'gzip', ending: '.gz' },
] as const

/** Paths (with a leading slash) of every file below `folder`, listed once at start: the build does not change under us. */
function listFiles(folder: string): Set<string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return new Set(
    files.map((entry) => `/${relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/')}`),
  )
}

/** Chooses the compressed twin that the browser accepts. */
function chooseTwin(files: ReadonlySet<string>): RequestHandler {
  return (req, res, next) => {
    const path = req.path
    const accepted = req.headers['accept-encoding'] ?? ''
    const coding = codings.find(({ name, ending }) => accepted.includes(name) && files.has(path + ending))
    res.vary('accept-encoding')
    if (coding) {
      res.type(path.slice(path.lastIndexOf('.')))
      res.setHeader('content-encoding', coding.name)
      req.url = path + coding.ending
    }
    next()
  }
}

/** Handles `/assets/*` and the few files at the root of the browser build. */
export function assets(clientFolder: string): Router {
  const router = express.Router()
  const files = listFiles(clientFolder)
  const known: RequestHandler = (req, _res, next) => (files.has(req.path) ? next() : next('router'))
  router.use(known, chooseTwin(files))
  const year = { immutable: true, maxAge: '365d', index: false, redirect: false } as const
  router.use('/assets', express.static(join(clientFolder, 'assets'), year))
  router.use(express.static(clientFolder, { maxAge: '1h', index: false, redirect: false }))
  return router
}
