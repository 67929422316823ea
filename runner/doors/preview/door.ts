// The preview door: a server of its own on a socket of its own, so that nothing of ours lies behind a preview's address. It lets
// in whom the rules let in and passes everything else on to the person's program.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { asAppError, AppError } from '../../../protocol/errors.ts'
import { previewOwnPath, type PreviewRules, type TicketClaims } from '../../../protocol/preview.ts'
import { passRequest, passUpgrade, refuseUpgrade } from './forward.ts'
import type { Login } from './login.ts'
import { maySeeNow, OpenPassages, type Visit } from './passages.ts'
import { answerPage, literal, type Asked, type OwnPage } from './pages.ts'
import type { Rules } from './rules.ts'
import { appOriginFor, isOwnRequest, siteOf, type PreviewSite } from './site.ts'

export type PreviewDeps = {
  repl: string
  /** Origins of our own pages: they alone may show a preview in a frame that is not public. */
  origins: readonly string[]
  login: Login
  rules: Rules
  /** Throws unless it is a ticket for this session. */
  checkTicket: (ticket: string) => Promise<TicketClaims>
  /** Null when nothing of the box listens there. */
  dial: (port: number) => Promise<Socket | null>
  logger: Logger
}

type Serving = PreviewDeps & { passages: OpenPassages }

/** Bytes of all headers: a dev server's own cookies have room. */
const headerBytes = 32 * 1024

export function createPreviewDoor(parts: PreviewDeps): Server {
  const deps: Serving = { ...parts, passages: new OpenPassages(parts.rules) }
  // Uploads and event streams of a program take as long as they take; the way in cuts off the silent.
  const server = createServer({ maxHeaderSize: headerBytes, requestTimeout: 0, noDelay: true })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    for (const side of [request, response]) side.on('error', () => undefined)
    const asked = { request, response, origins: deps.origins }
    void serve(deps, asked).catch((fault: unknown) => {
      const failure = asAppError(fault)
      const level = failure.code === 'internal' ? 'error' : 'info'
      deps.logger[level]({ err: failure.cause ?? failure, code: failure.code }, 'a preview failed')
      if (response.headersSent) response.destroy()
      else answerPage(asked, { status: failure.status, title: 'No preview', say: [failure.say] })
    })
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    void upgrade(deps, request, { socket, head }).catch(() => refuseUpgrade(socket, 503))
  })
  server.once('close', () => deps.passages.close())
  return server
}

async function serve(deps: Serving, asked: Asked): Promise<void> {
  const { passages } = deps
  const { request, response } = asked
  const site = siteOf(request, deps)
  if (site === null) throw new AppError('not-found', { say: 'There is no preview at this address.' })
  if ((request.url ?? '').startsWith(previewOwnPath))
    return answerPage(asked, await ownPage(deps, request, site))
  const seen = await look(deps, request, site)
  if (!seen.may) return refuse(deps, asked, site)
  const stream = await deps.dial(site.port)
  if (stream === null) return answerPage(asked, nothingListens(site.port))
  const broken = (): void => {
    if (response.headersSent) response.destroy()
    else answerPage(asked, noAnswer(site.port))
  }
  passages.keep(seen, stream)
  passRequest(request, response, { site, stream, broken, ancestors: seen.isPublic ? null : deps.origins })
}

async function upgrade(
  { passages, ...deps }: Serving,
  request: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Buffer },
): Promise<void> {
  const site = siteOf(request, deps)
  if (site === null) return refuseUpgrade(socket, 404)
  const seen = await look(deps, request, site)
  if (!seen.may) return refuseUpgrade(socket, 401)
  const stream = await deps.dial(site.port)
  if (stream === null) return refuseUpgrade(socket, 502)
  passages.keep(seen, stream)
  passUpgrade(request, socket, { site, stream, head, ancestors: seen.isPublic ? null : deps.origins })
}

/** What the rules of this moment say of the person whose cookie came, if it came from a page that may send it. */
async function look(
  { rules, login }: PreviewDeps,
  request: IncomingMessage,
  site: PreviewSite,
): Promise<Visit & { may: boolean; isPublic: boolean }> {
  const now = known(await rules.now())
  const person = isOwnRequest(request, site) ? login.person(request.headers.cookie, site) : null
  const visit = { person, port: site.port }
  return { ...visit, may: maySeeNow(now, visit), isPublic: now.ports[site.port] === 'public' }
}

/** Nobody comes in while nobody can say who may. */
function known(rules: PreviewRules | null): PreviewRules {
  if (rules !== null) return rules
  throw new AppError('unavailable', { say: 'Who may see this cannot be asked now. Try again in a moment.' })
}

/** Somebody at the address bar is sent to where tickets are given; the pane is told, and asks for one itself. */
function refuse(deps: PreviewDeps, asked: Asked, site: PreviewSite): void {
  const { request, response } = asked
  const isTop = request.headers['sec-fetch-dest'] === 'document' && request.method === 'GET'
  if (isTop) {
    response.writeHead(303, {
      location: ticketAddress(deps, site, request.url ?? '/'),
      'cache-control': 'no-store',
    })
    return void response.end()
  }
  answerPage(asked, {
    status: 401,
    title: 'This preview is not open to you yet',
    say: ['Reload it from the editor, or open it in a tab.'],
    link: { href: ticketAddress(deps, site, '/'), text: 'Open in a tab' },
    script: tell('refused'),
  })
}

/** Tells the pane around this page how it went: a word that is no secret, to whichever origin of ours the pane has. */
function tell(word: 'entered' | 'refused'): string {
  return `parent!==self&&parent.postMessage({devexPreview:'${word}'},'*')`
}

/** Page of the app that gives a ticket to who may have one and comes back. */
function ticketAddress({ repl, origins }: PreviewDeps, site: PreviewSite, to: string): string {
  const asked = new URLSearchParams({ port: String(site.port), to: to.slice(0, 2000) })
  return `${appOriginFor(site, origins)}/repl/${repl}/preview?${asked}`
}

async function ownPage(deps: PreviewDeps, request: IncomingMessage, site: PreviewSite): Promise<OwnPage> {
  const url = new URL(request.url ?? '/', site.origin)
  const to = innerPath(url.searchParams.get('to'))
  if (url.pathname === `${previewOwnPath}enter`) {
    const ticket = await deps.checkTicket(url.searchParams.get('ticket') ?? '')
    // Who was removed, or may not see this port any more, gets no cookie: it would be good for nothing, and good again with a new invite.
    const isOpen = maySeeNow(known(await deps.rules.fresh()), { person: ticket.sub, port: site.port })
    if (!isOpen) return notForYou
    const cookies = ticket.port === site.port ? deps.login.take(ticket, site) : null
    if (cookies === null) return used
    const next = `${previewOwnPath}entered?${new URLSearchParams({ to })}`
    return { ...entering, script: `${tell('entered')};location.replace(${literal(next)})`, cookies }
  }
  if (url.pathname === `${previewOwnPath}entered`) {
    // Going on by script makes the next request one of this origin itself.
    if (deps.login.person(request.headers.cookie, site) !== null)
      return { ...entering, script: `location.replace(${literal(to)})` }
    return noCookie(ticketAddress(deps, site, to))
  }
  return { status: 404, title: 'Nothing is here', say: ['This address belongs to DevEx.'] }
}

/** A path of this origin and no other's. */
function innerPath(to: string | null): string {
  return to !== null && /^\/(?![/\\])[!-~]*$/.test(to) && !to.startsWith(previewOwnPath) ? to : '/'
}

const entering: OwnPage = { status: 200, title: 'Opening the preview', say: [] }
const used: OwnPage = {
  status: 410,
  title: 'This link was used',
  say: ['A preview’s link works once. Reload the preview from the editor for a new one.'],
  // A pane that was moved loads its link again: it asks for another by itself.
  script: tell('refused'),
}

const notForYou: OwnPage = {
  status: 403,
  title: 'This preview is not open to you any more',
  say: ['Ask the owner of the REPL to let you see it.'],
  script: tell('refused'),
}

const noCookie = (href: string): OwnPage => ({
  status: 200,
  title: 'This browser shows previews in a tab only',
  say: ['It keeps no cookie for a page inside another page.'],
  link: { href, text: 'Open the preview in a tab' },
})

const nothingListens = (port: number): OwnPage => ({
  status: 502,
  title: `Nothing listens on ${port}`,
  say: [`Start a program that listens on port ${port}. This page looks again by itself.`],
  again: true,
})

const noAnswer = (port: number): OwnPage => ({
  status: 502,
  title: 'The program gave no answer',
  say: [`What listens on port ${port} closed the connection. It may not speak HTTP, or it ended.`],
})
