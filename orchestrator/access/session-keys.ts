// The key by which a session's runner proves itself: one a generation, the same after a restart, gone with the release.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../../protocol/errors.ts'
import { makePrivateFolder, removeTree, writeWhole } from '../disk.ts'

const SessionKeyFile = z.object({ version: z.literal(1), generation: z.number(), privateKey: z.string() })

/** `privateKey`: PKCS#8, base64. `publicKey`: raw, base64url. */
export type SessionKey = { privateKey: string; publicKey: string }

export type SessionKeys = {
  of(session: { repl: string; generation: number }): Promise<SessionKey>
  forget(repl: string): Promise<void>
}

export function sessionKeysIn(folder: string): SessionKeys {
  const path = (repl: string) => join(folder, `${repl}.json`)
  return {
    async of({ repl, generation }) {
      const known = await readKey(path(repl))
      if (known?.generation === generation) return withPublic(known.privateKey)
      const der = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' })
      const privateKey = der.toString('base64')
      await makePrivateFolder(folder)
      await writeWhole(path(repl), JSON.stringify({ version: 1, generation, privateKey }))
      return withPublic(privateKey)
    },
    forget: (repl) => removeTree(path(repl)),
  }
}

async function readKey(path: string): Promise<z.infer<typeof SessionKeyFile> | null> {
  const text = await readFile(path, 'utf8').catch(missingIsNull)
  return text === null ? null : SessionKeyFile.parse(JSON.parse(text))
}

/** Only a key that is not there is made: another in place of one that cannot be read would shut the running runner out. */
function missingIsNull(thrown: unknown): null {
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null
  throw new AppError('unavailable', {
    say: 'The key of this session cannot be read. See the log of DevEx, then start again.',
    cause: thrown,
  })
}

function withPublic(privateKey: string): SessionKey {
  const key = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' })
  const { x } = z.object({ x: z.string() }).parse(createPublicKey(key).export({ format: 'jwk' }))
  return { privateKey, publicKey: x }
}
