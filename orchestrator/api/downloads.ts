// Routes that answer with a zip. What is in it, and who may have it, is downloads.ts.
import { pipeline } from 'node:stream/promises'
import { type NextFunction, type Request, type Response, Router } from 'express'
import type { Person } from '../../protocol/repl.ts'
import type { Download, Downloads } from '../downloads.ts'
import { answering } from './door.ts'

export function downloadRoutes(downloads: Downloads, who: (req: Request) => Promise<Person>): Router {
  const router = Router()
  const of = (req: Request, name: string) => req.params[name] ?? ''
  const giving =
    (find: (person: Person, req: Request, leaving: AbortSignal) => Promise<Download>) =>
    async (req: Request, res: Response, next: NextFunction) => {
      const leaving = new AbortController()
      res.once('close', () => leaving.abort())
      try {
        await sendZip(res, await find(await who(req), req, leaving.signal))
      } catch (thrown) {
        if (res.headersSent || leaving.signal.aborted) res.destroy()
        else next(thrown)
      }
    }
  router.get(
    '/v1/repls/:repl/zip',
    giving((person, req, leaving) => downloads.workspace(person, of(req, 'repl'), leaving)),
  )
  router.get(
    '/v1/repls/:repl/orphans',
    answering(async (req) => ({ orphans: await downloads.orphans(await who(req), of(req, 'repl')) })),
  )
  router.get(
    '/v1/repls/:repl/orphans/:id',
    giving((person, req, leaving) =>
      downloads.orphan(person, of(req, 'repl'), { orphan: of(req, 'id'), leaving }),
    ),
  )
  return router
}

async function sendZip(res: Response, { name, zip }: Download): Promise<void> {
  if (res.closed) return void zip.destroy()
  res.writeHead(200, {
    'content-type': 'application/zip',
    'content-disposition': `attachment; filename="repl.zip"; filename*=UTF-8''${encodeURIComponent(name)}.zip`,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  })
  await pipeline(zip, res)
}
