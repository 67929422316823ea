// The few small pages that a preview's door says itself: nothing listens, who are you, open it in a tab. Each under a policy of its own.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Seconds after which a page that waits for a program looks again. */
const againSeconds = 2
const nonceBytes = 16

export type OwnPage = {
  status: number
  title: string
  /** A whole sentence each; plain text. */
  say: string[]
  /** Looks again by itself. */
  again?: boolean
  link?: { href: string; text: string }
  /** One of ours, run under a nonce. */
  script?: string
  cookies?: string[]
}

/** `origins`: those that may show it in a frame. */
export type Asked = { request: IncomingMessage; response: ServerResponse; origins: readonly string[] }

/** Answers with the page, or with its words alone to what is not after a page. */
export function answerPage({ request, response, origins }: Asked, page: OwnPage): void {
  const nonce = randomBytes(nonceBytes).toString('base64')
  const isPage = (request.headers.accept ?? '').includes('text/html')
  const body = Buffer.from(isPage ? html(page, nonce) : `${[page.title, ...page.say].join('\n')}\n`)
  // Unread bytes are drained, or the other side would see a reset instead of the reason.
  request.resume()
  response.writeHead(page.status, {
    'content-type': isPage ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors ${origins.join(' ')}`,
    ...(page.cookies === undefined ? {} : { 'set-cookie': page.cookies }),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

const style = `:root{color-scheme:light dark;--ground:#fff;--ink:#1b2028;--muted:#566070;--accent:#1d5fc4}
@media(prefers-color-scheme:dark){:root{--ground:#0f1216;--ink:#e6e9ee;--muted:#9aa4b2;--accent:#7ab0ff}}
body{margin:0;display:grid;place-items:center;min-height:100vh;background:var(--ground);color:var(--ink);font:14px/21px system-ui,sans-serif}
main{max-width:26rem;padding:24px;text-align:center}h1{font-size:16px;margin:0 0 4px}p{margin:0;color:var(--muted)}a{display:inline-block;margin-top:12px;color:var(--accent)}`

function html({ title, say, again, link, script }: OwnPage, nonce: string): string {
  const paragraphs = say.map((words) => `<p>${escaped(words)}</p>`).join('')
  const way =
    link === undefined
      ? ''
      : `<a href="${escaped(link.href)}" target="_blank" rel="noopener">${escaped(link.text)}</a>`
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>
<meta name="viewport" content="width=device-width">${again ? `<meta http-equiv="refresh" content="${againSeconds}">` : ''}
<style>${style}</style></head><body><main><h1>${escaped(title)}</h1>${paragraphs}${way}</main>
${script === undefined ? '' : `<script nonce="${nonce}">${script}</script>`}</body></html>
`
}

/** A text that may come from an address, safe inside elements and quoted attributes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

/** A value as a literal inside a script element: nothing in it can end the element. */
export function literal(value: string): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
