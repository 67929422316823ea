// Signing in with the one-time link that DevEx prints at its start. The orchestrator alone knows which codes are good.
import { Code } from '../../protocol/ids.ts'
import { AppError } from '../../protocol/errors.ts'
import type { Api } from './api.server.ts'
import type { SignIn } from './sign-in.server.ts'

const unknownLink = {
  say: 'This sign-in link does not exist. Copy the whole link from the terminal, or print a new one.',
}

export function ownerLink({ api }: { api: Pick<Api, 'consumeLink'> }): SignIn {
  return {
    wayIn: () => ({
      title: 'Sign in with the link from the terminal',
      say: 'DevEx printed a one-time link when it started. Open that link in this browser to sign in as the owner. Used it already? “npm run login” prints another.',
    }),
    finish: async (proof) => {
      if (!Code.safeParse(proof).success) throw new AppError('not-found', unknownLink)
      return api.consumeLink(proof)
    },
  }
}
