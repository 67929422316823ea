// Signs what one request may do to one object (method, key, length, checksum, until when) and checks it again; knows no HTTP.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

/** What a signed address allows. `bytes` and `md5` (base64) are those of a PUT; 0 and empty for a GET. */
export const Permit = z.object({
  method: z.enum(['PUT', 'GET']),
  key: z.string(),
  bytes: z.coerce.number().int().min(0),
  md5: z.string(),
  /** Milliseconds since 1970. */
  until: z.coerce.number().int(),
})
export type Permit = z.infer<typeof Permit>

export function signatureOf(secret: Uint8Array, permit: Permit): string {
  const { method, key, bytes, md5, until } = permit
  return createHmac('sha256', secret)
    .update(JSON.stringify([method, key, bytes, md5, until]))
    .digest('base64url')
}

export function isSignatureOf(secret: Uint8Array, permit: Permit, signature: string): boolean {
  const expected = Buffer.from(signatureOf(secret, permit))
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
