// Makes a runner prove that it holds its session's key before the page trusts it with anything; it keeps no state.
import { ed25519 } from '@noble/curves/ed25519.js'
import { Proof, proofText } from '../../../protocol/access.ts'
import { AppError } from '../../../protocol/errors.ts'
import { hex } from '../../../protocol/ids.ts'
import type { Doors } from '../../../protocol/repl.ts'

/** Bytes of randomness in a nonce: nobody can have heard the answer before. */
const nonceBytes = 24

const unproven = (why: string): AppError =>
  new AppError('bad-token', {
    say: 'The program that answers for this REPL could not prove who it is, so this page told it nothing. Stop and start the REPL, or tell whoever runs this server.',
    log: { why },
  })

export function fromBase64url(text: string): Uint8Array {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0))
}

function isSigned(signature: string, text: string, key: string): boolean {
  try {
    return ed25519.verify(fromBase64url(signature), new TextEncoder().encode(text), fromBase64url(key))
  } catch {
    return false
  }
}

/** Asks `<runner>/prove`; throws `bad-token` in words unless this session's key signed our nonce. */
export async function proveRunner(doors: Doors, ask: typeof fetch = fetch): Promise<void> {
  const nonce = hex(crypto.getRandomValues(new Uint8Array(nonceBytes)))
  const answer = await ask(`${doors.runner}/prove?nonce=${nonce}`, { credentials: 'omit' }).catch(
    (cause: unknown) => {
      throw new AppError('unavailable', { say: 'The REPL does not answer yet. Trying again.', cause })
    },
  )
  if (!answer.ok) throw new AppError('unavailable', { say: 'The REPL does not answer yet. Trying again.' })
  const proof = Proof.safeParse(await answer.json().catch(() => null))
  if (!proof.success) throw unproven('no proof')
  const { repl, generation, signature } = proof.data
  if (repl !== doors.repl || generation !== doors.generation) throw unproven('another session')
  const text = proofText({ repl: doors.repl, generation: doors.generation, nonce })
  if (!isSigned(signature, text, doors.runnerKey)) throw unproven('wrong signature')
}
