// Kill points by the dozen for every kind of victim; counts what was acknowledged, lost and doubled. Run by `npm run soak`.
import { kinds, Killing, type Victim } from '../support/killing.ts'
import { seeded } from '../support/seeded.ts'

/** Kill points of each kind when nobody says how many. */
const usualRounds = 50

/** One line of results for each kind; throws at the first line that is lost or doubled. */
export async function soak(options: { seed: number; rounds?: number; minutes?: number }): Promise<string[]> {
  const results: string[] = []
  const until = options.minutes === undefined ? Infinity : Date.now() + options.minutes * 60_000
  for (const [at, [kind, victims]] of Object.entries(kinds).entries()) {
    if (Date.now() > until) break
    results.push(await ofKind({ ...options, until, seed: options.seed + at }, kind, victims))
  }
  return results
}

async function ofKind(
  options: { seed: number; rounds?: number; until: number },
  kind: string,
  victims: Victim[],
): Promise<string> {
  const killing = new Killing(seeded(options.seed))
  const { rounds = usualRounds } = options
  let [points, logged, saved] = [0, 0, 0]
  try {
    await killing.start()
    for (; points < rounds && Date.now() < options.until; points += 1) {
      const outcome = await killing.point(victims)
      logged += outcome.logged
      saved += outcome.saved
      if (outcome.lost.length + outcome.doubled.length > 0)
        throw new Error(`${kind}, seed ${options.seed}, point ${points}: ${JSON.stringify(outcome)}`)
    }
  } finally {
    await killing.stop()
  }
  const told = `${logged} lines told to be logged, ${saved} of them saved`
  return `kill ${kind}: ${points} points (seed ${options.seed}), ${told}: 0 lost, 0 doubled`
}
