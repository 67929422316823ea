// What the orchestrator and the process that supervises it say to each other over IPC. Shapes only.
import { z } from 'zod'

export const ToOrchestrator = z.object({ ask: z.enum(['stop-sessions', 'end-sessions']) })
export type ToOrchestrator = z.infer<typeof ToOrchestrator>

export const FromOrchestrator = z.discriminatedUnion('tell', [
  /** How a session gets on with its end, for the terminal. */
  z.object({ tell: z.literal('line'), line: z.string() }),
  z.object({ tell: z.literal('sessions-stopped') }),
  /** Names of repls whose last changes are on the disk alone. */
  z.object({ tell: z.literal('sessions-ended'), unflushed: z.array(z.string()) }),
])
export type FromOrchestrator = z.infer<typeof FromOrchestrator>
