// The secrets that our processes share: made once, kept in one private file of the data folder.
import { createHmac, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeWhole } from '../disk.ts'

const secretBytes = 32

const Secrets = z.object({
  version: z.literal(1),
  /** The app's word to the orchestrator. */
  service: z.string().min(32),
  /** The orchestrator's word to sync. */
  sync: z.string().min(32),
  /** Cookies are encrypted with it. */
  cookie: z.string().length(64),
})
export type Secrets = z.infer<typeof Secrets>

/** The relays' word to the orchestrator. Derived, so that folders of before it have one too; the service's cannot be found from it. */
export function relaySecret(secrets: Secrets): string {
  return createHmac('sha256', secrets.service).update('devex relay').digest('hex')
}

export async function openSecrets(keysFolder: string): Promise<Secrets> {
  const known = await readSecrets(keysFolder)
  if (known !== null) return known
  const fresh = () => randomBytes(secretBytes).toString('hex')
  const secrets = { version: 1, service: fresh(), sync: fresh(), cookie: fresh() } as const
  await writeWhole(join(keysFolder, 'secrets.json'), JSON.stringify(secrets))
  return secrets
}

/** Null when this data folder was never used. */
export async function readSecrets(keysFolder: string): Promise<Secrets | null> {
  const text = await readFile(join(keysFolder, 'secrets.json'), 'utf8').catch((thrown: unknown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null
    throw thrown
  })
  return text === null ? null : Secrets.parse(JSON.parse(text))
}
