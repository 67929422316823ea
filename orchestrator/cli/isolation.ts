// Which isolation sessions get: the best there is, or the one asked for by name, or a refusal in words. Tries nothing itself.
import { Level } from '../../protocol/repl.ts'
import type { Offer } from '../sandbox/local/probe.ts'
import { isLoopback } from './args.ts'
import { Refusal } from './words.ts'

export type Chosen = { level: Level; /** For the person at the terminal. */ say: string[] }

const strength = (level: Level): number => Level.options.indexOf(level)

/** `last`: what sessions of this data folder had before; null for a new one. */
export type Circumstances = { host: string; offer: Offer; last: Level | null }

/** Never a silent step down: neither from what was asked for, nor from what sessions here had before. */
export function chooseIsolation(asked: Level | null, { host, offer, last }: Circumstances): Chosen {
  if (asked !== null && strength(asked) > strength(offer.best))
    throw new Refusal(`Isolation ${asked} cannot be used: ${lackWords(offer)}`)
  if (asked === null && last !== null && strength(last) > strength(offer.best))
    throw new Refusal(
      `Sessions with this data folder ran isolated at ${last}; this machine now offers ${offer.best} only: ${lackWords(offer)} To accept less, add --isolation ${offer.best}.`,
    )
  const level = asked ?? offer.best
  if (level === 'process' && asked === null && !isLoopback(host))
    throw new Refusal(
      `Sessions would run without isolation (level process), and whoever gets in could use this machine as you: ${lackWords(offer)} To listen on ${host} all the same, add --isolation process.`,
    )
  return { level, say: words(level, asked, offer) }
}

function words(level: Level, asked: Level | null, offer: Offer): string[] {
  const what =
    level === 'process'
      ? 'Sessions run without isolation (level process): only let people in whom you trust with this machine.'
      : `Sessions run isolated (level ${level}).`
  return asked === null && offer.lack !== null ? [what, `Better isolation: ${lackWords(offer)}`] : [what]
}

function lackWords({ lack }: Offer): string {
  if (lack === null) return 'everything it needs is there.'
  return lack.mend === '' ? `${lack.why}.` : `${lack.why}. To mend it: ${lack.mend}`
}
