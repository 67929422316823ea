// Renders a page on the server as a stream (whole for robots), and logs what a render or loader failed on.
import { PassThrough } from 'node:stream'
import { isbot } from 'isbot'
import { renderToPipeableStream } from 'react-dom/server'
import {
  RemixServer,
  createReadableStreamFromReadable,
  type ActionFunctionArgs,
  type AppLoadContext,
  type EntryContext,
  type LoaderFunctionArgs,
} from './framework.server.ts'

/** Milliseconds after which a page that still waits for data is ended. */
export const streamTimeout = 10_000
/** Milliseconds after which rendering itself is ended: later than the data, so that its failure can be rendered. */
const renderTimeoutMs = streamTimeout + 1_000

interface Rendered {
  request: Request
  status: number
  headers: Headers
  remix: EntryContext
  context: AppLoadContext
}

/** As Remix calls it. */
type Given = [
  request: Request,
  status: number,
  headers: Headers,
  remix: EntryContext,
  context: AppLoadContext,
]

export default function handleRequest(...given: Given): Promise<Response> {
  const [request, status, headers, remix, context] = given
  return render({ request, status, headers, remix, context })
}

function render({ request, status, headers, remix, context }: Rendered): Promise<Response> {
  const whenReady = isbot(request.headers.get('user-agent') ?? '') ? 'onAllReady' : 'onShellReady'
  return new Promise((resolve, reject) => {
    let code = status
    const { pipe, abort } = renderToPipeableStream(
      <RemixServer context={remix} url={request.url} nonce={context.nonce} />,
      {
        nonce: context.nonce,
        [whenReady]: () => {
          const body = new PassThrough()
          headers.set('content-type', 'text/html; charset=utf-8')
          headers.set('cache-control', 'no-store')
          resolve(new Response(createReadableStreamFromReadable(body), { headers, status: code }))
          pipe(body)
          body.once('close', () => clearTimeout(timer))
        },
        onShellError: reject,
        onError: (error: unknown) => {
          code = 500
          context.log.error({ err: error, requestId: context.requestId }, 'a page could not be rendered')
        },
      },
    )
    const timer = setTimeout(abort, renderTimeoutMs)
  })
}

/** Failures that no route turned into words. */
export function handleError(
  error: unknown,
  { request, context }: LoaderFunctionArgs | ActionFunctionArgs,
): void {
  if (request.signal.aborted) return
  context.log.error({ err: error, requestId: context.requestId }, 'a route failed')
}
