// Words about what did not happen, shown in the panel where it was tried until they are read. It draws nothing.
import { asAppError } from '../../protocol/errors.ts'
import { createStore, type Readable } from './store.ts'

/** `role`: not what went wrong, but what has become of this person here. */
export type Area = 'files' | 'editor' | 'terminal' | 'page' | 'role'

export type Notices = {
  shown: Readable<Partial<Record<Area, string>>>
  say: (area: Area, words: string) => void
  dismiss: (area: Area) => void
  /** The connection is back: words that only said it was away no longer hold. */
  cameBack: () => void
  /** Runs a person's command; what goes wrong is said in `area`. */
  attempt: (area: Area, doing: () => Promise<unknown>) => void
}

/** How everything begins that is refused only because the connection is away. */
const awayWords = 'You are offline'

export function createNotices(): Notices {
  const shown = createStore<Partial<Record<Area, string>>>({})
  const say = (area: Area, words: string): void => shown.update((now) => ({ ...now, [area]: words }))
  const dismiss = (area: Area): void =>
    shown.update((now) => Object.fromEntries(Object.entries(now).filter(([other]) => other !== area)))
  return {
    shown,
    say,
    dismiss,
    cameBack: () =>
      shown.update((now) =>
        Object.fromEntries(Object.entries(now).filter(([, words]) => !words.startsWith(awayWords))),
      ),
    attempt: (area, doing) => {
      dismiss(area)
      void doing().catch((thrown: unknown) => say(area, asAppError(thrown).say))
    },
  }
}
