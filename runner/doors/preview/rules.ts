// Who may see which preview, asked of the orchestrator and believed for a second: a change takes effect while people look.
import { createPrivateKey } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Logger } from 'pino'
import { z } from 'zod'
import { tokenIssuer } from '../../../protocol/access.ts'
import type { RunnerLaunch } from '../../../protocol/control.ts'
import { PreviewRules, rulesAudience } from '../../../protocol/preview.ts'

/** Milliseconds for which rules are believed without asking again: half of the second within which a change must be felt. */
const freshMs = 450
/** Milliseconds for an answer; then what was known last holds, for no longer than `oldestMs`. */
const answerMs = 2_000
const oldestMs = 10 * 60_000
/** Seconds of the token by which we ask. */
const askingSeconds = 60

export type Rules = {
  /** Null when the orchestrator does not answer and what is known is too old: nobody may see anything then. */
  now(): Promise<PreviewRules | null>
  /** As `now`, asked anew: somebody who was let in a moment ago must not be told that they were not. */
  fresh(): Promise<PreviewRules | null>
}

type Asking = Pick<RunnerLaunch, 'repl' | 'generation' | 'privateKey' | 'keysUrl'>

export function askedRules(launch: Asking, log: Logger, clock: { now(): number }): Rules {
  const url = new URL(`sessions/${launch.repl}/previews`, launch.keysUrl)
  let known: { rules: PreviewRules; at: number } | null = null
  let asking: Promise<void> | null = null

  const ask = async (): Promise<void> => {
    try {
      known = { rules: await fetchRules(url, await tokenOf(launch)), at: clock.now() }
    } catch (fault) {
      log.warn({ err: fault }, 'the rules of previews could not be asked for')
    } finally {
      asking = null
    }
  }
  const believed = (): PreviewRules | null =>
    known !== null && clock.now() - known.at < oldestMs ? known.rules : null
  return {
    now: async () => {
      if (known === null || clock.now() - known.at > freshMs) await (asking ??= ask())
      return believed()
    },
    fresh: async () => {
      // What is being asked already may have been answered before the change.
      await asking
      await (asking ??= ask())
      return believed()
    },
  }
}

async function fetchRules(url: URL, token: string): Promise<PreviewRules> {
  const answer = await fetch(url, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(answerMs),
  })
  if (!answer.ok) throw new Error(`the orchestrator answered ${answer.status}`)
  return z.object({ rules: PreviewRules }).parse(await answer.json()).rules
}

/** Signed with the session's own key: nobody else can ask in its name. */
function tokenOf({ repl, generation, privateKey }: Asking): Promise<string> {
  const key = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' })
  return new SignJWT({ repl, gen: generation })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setIssuer(tokenIssuer)
    .setAudience(rulesAudience)
    .setIssuedAt()
    .setExpirationTime(`${askingSeconds}s`)
    .sign(key)
}
