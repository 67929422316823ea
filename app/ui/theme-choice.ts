// The three themes a person can choose; shared by the server, which has no DOM.
import { z } from 'zod'

export const Theme = z.enum(['light', 'dark', 'system'])
export type Theme = z.infer<typeof Theme>
