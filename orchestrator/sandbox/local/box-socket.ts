// The socket of a box in a cage, made by us and handed to it: its folder is in no view of a person's programs, so that none of
// them can put another in its place. Serves nobody.
import { chmod, chown, rename, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

export type HandedSocket = {
  /** Descriptor for the box; ours until `release`. */
  fd: number
  /** The box has it, or never will. */
  release(): void
}

const privateSocket = 0o600

/** Listens at `path` for the number `owner` alone, or for us. Whoever dials before the box has it is let go, and dials again. */
export async function boxSocketAt(path: string, owner: number | null): Promise<HandedSocket> {
  const server = createServer((early) => early.destroy())
  // Closing removes the name that it was given, which by then is nobody's.
  const first = `${path}n`
  await rm(first, { force: true })
  server.listen(first)
  await once(server, 'listening')
  await chmod(first, privateSocket)
  if (owner !== null) await chown(first, owner, owner)
  await rename(first, path)
  return { fd: descriptorOf(server), release: () => void server.close() }
}

/** Node has no public name for it. */
function descriptorOf(server: Server): number {
  const { _handle: handle } = server as unknown as { _handle: { fd: number } | null }
  if (handle === null || handle.fd < 0) throw new Error('a socket that listens has no descriptor')
  return handle.fd
}
