// The model of a session for as long as one wants: story after story, each with its own seed.
import { planOf } from '../support/model.ts'
import { play } from '../support/play.ts'
import { seeded } from '../support/seeded.ts'
import type { Line } from './line.ts'

/** Steps of one story. */
const length = 600

export const model: Line = {
  what: 'people, tools, moves, runner, relay and link at random: everybody and the file end equal, each line once',
  rounds: 0,
  minutes: 30,
  run: async (soak) => {
    let [stories, steps, lines] = [0, 0, 0]
    while (Date.now() < soak.until) {
      const seed = soak.seed + stories
      const played = await play(planOf(seed, length, seeded(seed)), soak.until)
      stories += 1
      steps += played.steps
      lines += played.lines
      soak.passed(stories)
    }
    return `${stories} stories, ${steps} steps, ${lines} lines: 0 lost, 0 doubled, 0 apart`
  },
}
