// What relays hear of changed roles: lines of JSON, all that matters first, then each change as it is made. Keeps nothing.
import { type Request, type Response, Router } from 'express'
import { type AccessChange, type AccessNews, accessHereMs } from '../../protocol/access.ts'
import type { Teller } from '../access/teller.ts'
import { onlyWhoKnows } from './door.ts'

export function accessRoutes(teller: Pick<Teller, 'recent' | 'listen'>, secret: string): Router {
  const router = Router()
  const say = 'This door is for relays only.'
  router.get('/v1/access', onlyWhoKnows(secret, say), (req, res, next) => {
    stream(teller, req, res).then(undefined, next)
  })
  return router
}

/** Listens before it reads: a change in between is told twice, never missed. */
async function stream(
  teller: Pick<Teller, 'recent' | 'listen'>,
  _req: Request,
  res: Response,
): Promise<void> {
  let early: AccessChange[] | null = []
  const tell = (news: AccessNews): void => void res.write(`${JSON.stringify(news)}\n`)
  const end = teller.listen((change) =>
    early === null ? tell({ told: 'change', change }) : early.push(change),
  )
  const here = setInterval(() => (early === null ? tell({ told: 'here' }) : undefined), accessHereMs)
  res.on('close', () => {
    end()
    clearInterval(here)
  })
  try {
    const changes = await teller.recent()
    res.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
    tell({ told: 'all', changes: [...changes, ...early] })
    early = null
  } catch (thrown) {
    end()
    clearInterval(here)
    throw thrown
  }
}
