// The link between a runner (which dials out) and the relay: frames of frames.ts over one WebSocket.
// Path `/link/<repl>/<generation>`; subprotocol `devex.link.v1` and `bearer.<certificate>` (RunnerClaims).
import { z } from 'zod'
import { Hello } from './hello.ts'
import { DocId, Epoch, Generation, PersonId, ReplId } from './ids.ts'
import { ProofNonce } from './access.ts'

export const linkSubprotocol = 'devex.link.v1'
export const linkPath = (link: { repl: string; generation: number }): string =>
  `/link/${link.repl}/${link.generation}`

const room = { doc: DocId, epoch: Epoch }
/** Number of an update frame within one room of one relay process; grows by one, acknowledged cumulatively. */
const n = z.number().int().min(1)

export const RelayToRunner = z.discriminatedUnion('type', [
  /** First. The runner answers with `hello` and a signature over `proofText`; `session` names this relay process. */
  Hello.extend({ type: z.literal('challenge'), nonce: ProofNonce, session: z.string() }),
  /** A peer wants this room: answered with `state` or `refuse`. Asked again whenever the relay wants a fresh state. */
  z.object({ type: z.literal('open'), ...room }),
  /** Payload: one Yjs update (v1), merged per author and event-loop turn. Replayed after a reconnect until `saved`. */
  z.object({ type: z.literal('update'), ...room, n, author: PersonId }),
  /** The last peer left the room. */
  z.object({ type: z.literal('empty'), ...room }),
  /** Answer to `freeze`: every update accepted before it has been sent on this link. */
  z.object({ type: z.literal('frozen') }),
])
export type RelayToRunner = z.infer<typeof RelayToRunner>

export const RunnerToRelay = z.discriminatedUnion('type', [
  /** `alarm`: what pages are told of this session's log (RunnerHealth); left out when all is well. */
  Hello.extend({
    type: z.literal('hello'),
    repl: ReplId,
    generation: Generation,
    signature: z.string(),
    alarm: z.string().exactOptional(),
  }),
  /** Payload: state vector (`vectorBytes` long), then the whole state as one update (v1). Everything up to log `seq` is in it. */
  z.object({
    type: z.literal('state'),
    ...room,
    seq: z.number().int().min(0),
    vectorBytes: z.number().int().min(0),
  }),
  /** The room cannot be opened: 4404 no such document, 4409 wrong epoch. Its peers are closed with the code. */
  z.object({
    type: z.literal('refuse'),
    ...room,
    code: z.union([z.literal(4404), z.literal(4409)]),
    say: z.string(),
  }),
  /** Payload: one update made by the runner itself (a tool changed the file). Already logged. */
  z.object({ type: z.literal('update'), ...room, seq: z.number().int().min(0) }),
  /** Updates up to `n` are in the log (handed to the kernel). */
  z.object({ type: z.literal('logged'), ...room, n }),
  /** Updates up to `n` are on the disk (after fdatasync). The relay drops them from its tail. */
  z.object({ type: z.literal('saved'), ...room, n }),
  /** Take no more edits in any room; answer `frozen` when all earlier ones have been sent. `say` is told to pages. */
  z.object({ type: z.literal('freeze'), say: z.string() }),
  /** Take edits again. */
  z.object({ type: z.literal('thaw') }),
])
export type RunnerToRelay = z.infer<typeof RunnerToRelay>
