// Sealing a short text so that only we can read or make it: AES-256-GCM. Knows nothing of cookies.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** First bytes of every sealed text, so that a later format can tell this one. */
const version = Buffer.from([1])
/** Bytes of nonce and tag that AES-GCM is defined with. */
const nonceBytes = 12
const tagBytes = 16

export interface Seal {
  close(text: string): string
  /** Null for anything that this key did not seal. */
  open(sealed: string): string | null
}

/** `key` is 32 bytes in hexadecimal. */
export function makeSeal(key: string): Seal {
  const secret = Buffer.from(key, 'hex')
  if (secret.length !== 32) throw new Error('A cookie key is 32 bytes in hexadecimal.')
  return {
    close: (text) => {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', secret, nonce, { authTagLength: tagBytes }).setAAD(version)
      const hidden = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([version, nonce, cipher.getAuthTag(), hidden]).toString('base64url')
    },
    open: (sealed) => unseal(secret, Buffer.from(sealed, 'base64url')),
  }
}

function unseal(secret: Buffer, bytes: Buffer): string | null {
  const head = 1 + nonceBytes + tagBytes
  if (bytes.length < head || bytes[0] !== version[0]) return null
  try {
    const nonce = bytes.subarray(1, 1 + nonceBytes)
    const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: tagBytes })
    decipher.setAAD(version).setAuthTag(bytes.subarray(1 + nonceBytes, head))
    return Buffer.concat([decipher.update(bytes.subarray(head)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}
