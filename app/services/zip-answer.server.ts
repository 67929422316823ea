// A zip archive as an answer: saved under a plain name, never shown, never kept.
export function zipAnswer(name: string, archive: ReadableStream<Uint8Array>): Response {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]+/g, '-')
  return new Response(archive, {
    headers: {
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="${plain}.zip"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  })
}

/** Ends when the asker has left. */
export function leavingOf(request: Request): AbortSignal {
  const leaving = new AbortController()
  request.signal.addEventListener('abort', () => leaving.abort(), { once: true })
  return leaving.signal
}
