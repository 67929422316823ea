// Which headers of an HTTP message go on to the next hop, for both of ours that pass a stranger's bytes on: the front door and the preview door.

/** As node:http gives and takes them: names in lower case. */
type Headers = Record<string, string | string[] | number | undefined>
type Received = { [name: string]: string | string[] | undefined }

/** Meant for one hop (RFC 9110, 7.6.1), or answered by it. */
const ofOneHop = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Headers without those of one hop, those that `connection` names, and those that `isWanted` refuses. */
export function passedOn(headers: Received, isWanted: (name: string) => boolean): Received {
  const named = new Set(
    String(headers['connection'] ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase()),
  )
  const kept = Object.entries(headers).filter(
    ([name]) => !ofOneHop.has(name) && !named.has(name) && isWanted(name),
  )
  return Object.fromEntries(kept)
}

/**
 * A body that came with its end marked goes on with its end marked: node sends that of a GET bare, and what is behind us would
 * read it as a second request.
 */
export function framed<To extends Headers>(
  from: Received,
  to: To,
): To | (To & { 'transfer-encoding': string }) {
  const hasBody = from['transfer-encoding'] !== undefined || from['content-length'] !== undefined
  return hasBody && to['content-length'] === undefined ? { ...to, 'transfer-encoding': 'chunked' } : to
}
