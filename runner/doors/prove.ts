// The prove door: signs a page's nonce, so that the page knows the session's runner from user code. Needs no token:
// a page asks before it gives us one.
import { ProofNonce, type Proof } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import type { Identity } from '../identity.ts'

/** GET `/r/<repl>/prove?nonce=<nonce>`. */
export function proveDoor(identity: Identity, url: URL): Proof {
  const nonce = ProofNonce.safeParse(url.searchParams.get('nonce'))
  if (nonce.success) return identity.prove(nonce.data)
  throw new AppError('bad-input', { say: 'A nonce has 16 to 64 letters, digits, - and _.' })
}
