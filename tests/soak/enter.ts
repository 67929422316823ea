// Enter a thousand times, with the text on a way that is 100 ms longer each way than that of the keys.
import { neverRunsOldText } from '../journeys/enter-story.ts'
import { inProduct, type Line } from './line.ts'

export const enter: Line = {
  what: 'Enter right after an edit, text 100 ms slower each way: the new text ran',
  rounds: 1000,
  minutes: 0,
  run: inProduct((soak) => neverRunsOldText({ ...soak, delayMs: 100 })),
}
