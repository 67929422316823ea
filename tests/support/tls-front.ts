// Test part: what stands in front of DevEx for a wildcard name, a proxy with a certificate of its own that passes bytes on. Never shipped.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { hasProgram } from '../../scripts/parts.mjs'

/** Why there can be no certificate here, or null. */
export const noCertificate: string | null = hasProgram('openssl')
  ? null
  : 'openssl is not installed (npm run setup:tests)'

/** Signed by nobody, good for a day, for `name` alone. */
function certificateFor(name: string): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'dvx-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-days', '1', '-subj', '/CN=devex.test', '-addext', `subjectAltName=DNS:${name}`]
  try {
    const files = ['-keyout', key, '-out', cert]
    execFileSync('openssl', ['req', '-x509', ...curve, ...files, ...subject], { stdio: 'ignore' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export type TlsFront = { port: number; close(): void }

/** `behind`: the port of DevEx, asked at each connection. */
export async function startTlsFront(name: string, behind: () => number): Promise<TlsFront> {
  const sockets = new Set<{ destroy(): void }>()
  const server = createServer(certificateFor(name), (outer) => {
    const inner = connect(behind(), '127.0.0.1')
    for (const [side, other] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      sockets.add(side)
      side.on('error', () => side.destroy())
      side.once('close', () => (sockets.delete(side), other.destroy()))
    }
    outer.pipe(inner).pipe(outer)
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
