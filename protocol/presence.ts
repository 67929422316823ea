// What a peer shows to others and nobody keeps; the relay stamps `user`, the rest is the page's own word.
import { z } from 'zod'
import { Role } from './access.ts'
import { PersonId } from './ids.ts'

/** Number of presence colours in the design; the relay gives the lowest free index of the repl. */
export const presenceColors = 8

/** Stamped by the relay from the token, whatever the page wrote. `color` and `name` are also what y-monaco shows. */
export const PresenceUser = z.object({
  id: PersonId,
  name: z.string(),
  role: Role,
  colorIndex: z.number().int().min(0),
})
export type PresenceUser = z.infer<typeof PresenceUser>

/** State in the repl's presence room: where somebody is. Paths are workspace-relative. */
export const Whereabouts = z.object({
  user: PresenceUser,
  file: z.string().nullable().optional(),
  terminal: z.number().nullable().optional(),
})
export type Whereabouts = z.infer<typeof Whereabouts>
