// A zip archive as an answer: saved under a plain name, never shown, never kept.
import { paced, type Reader } from './reader.server.ts'

export type Archive = { name: string; bytes: ReadableStream<Uint8Array> }

export function zipAnswer({ name, bytes }: Archive, reader: Reader): Response {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]+/g, '-')
  return new Response(paced(bytes, reader), {
    headers: {
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="${plain}.zip"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  })
}
