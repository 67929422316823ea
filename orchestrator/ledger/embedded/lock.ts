// A lock file that one living process holds: a second one is refused in words, a dead one's lock is taken over.
import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { AppError } from '../../../protocol/errors.ts'
import { ProcessIdentity, identify, isAlive } from '../../process-identity.ts'

export type Lock = { release(): Promise<void> }

/** Tries against others who take over the same dead lock at the same instant. */
const takeTries = 5

/** Throws `exists` with `say` when another living process holds the lock. */
export async function takeLock(path: string, say: (pid: number) => string): Promise<Lock> {
  const mine = JSON.stringify(await identify(process.pid))
  for (let tries = 0; tries < takeTries; tries++) {
    if (await writeNew(path, mine)) return { release: () => letGo(path, mine) }
    const theirs = await readFile(path, 'utf8').catch(() => '')
    const holder = parse(theirs)
    if (holder !== null && (await isAlive(holder)))
      throw new AppError('exists', { say: say(holder.pid), log: { path, holder: holder.pid } })
    await removeStale(path, theirs)
  }
  throw new AppError('exists', { say: say(0), log: { path } })
}

async function writeNew(path: string, content: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx', 0o600)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    return true
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false
    throw thrown
  }
}

/** Takes away the lock only if it is still the one we judged dead; another's new lock is put back. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomBytes(4).toString('hex')}`
  await rename(path, aside).catch(() => undefined)
  if ((await readFile(aside, 'utf8').catch(() => stale)) !== stale)
    await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}

async function letGo(path: string, mine: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => null)) === mine) await rm(path, { force: true })
}

function parse(text: string): ProcessIdentity | null {
  try {
    return ProcessIdentity.parse(JSON.parse(text))
  } catch {
    return null
  }
}
