// The first message on every link and the version written into every file format: who speaks which protocol.
import { z } from 'zod'

/** Version of everything this folder describes. A build talks to its own version and to the one before it. */
export const protocolVersion = 1

/** Sent first on every link. `build` is for logs and for "reload to update", never for decisions about the wire. */
export const Hello = z.object({
  protocol: z.number().int().positive(),
  build: z.string().min(1).max(64),
})
export type Hello = z.infer<typeof Hello>

/** True when this build can talk to a peer of version `theirs` (its own or the one before). */
export function speaks(theirs: number): boolean {
  return theirs === protocolVersion || (theirs >= 1 && theirs === protocolVersion - 1)
}
