// The session's own key: signs nonces, so that a page or a relay knows us from user code. Keeps the key to itself.
import { createPrivateKey, sign } from 'node:crypto'
import { proofText, type Proof } from '../protocol/access.ts'
import type { RunnerLaunch } from '../protocol/control.ts'

export type Identity = {
  /** Vouches for our key; a later one replaces it while the session runs. */
  certificate: string
  prove(nonce: string): Proof
}

export function readIdentity(launch: RunnerLaunch): Identity {
  const { repl, generation } = launch
  const key = createPrivateKey({
    key: Buffer.from(launch.privateKey, 'base64'),
    format: 'der',
    type: 'pkcs8',
  })
  return {
    certificate: launch.certificate,
    prove: (nonce) => {
      const text = proofText({ repl, generation, nonce })
      return { repl, generation, signature: sign(null, Buffer.from(text), key).toString('base64url') }
    },
  }
}
