// A search in the repl's files, as this page asks and reads it: one at a time, the next calls off the one before. It draws nothing.
import { AppError, asAppError } from '../../../protocol/errors.ts'
import { ApiFailure } from '../../../protocol/repl.ts'
import { SearchLine, type SearchMatch, type SearchQuery } from '../../../protocol/search.ts'
import type { DoorsKeeper } from '../link/doors.ts'
import { createStore, type Readable } from '../store.ts'

/** Milliseconds of quiet after a key before it is asked: a word is typed faster. */
const quietMs = 200

export type FoundFile = { path: string; matches: SearchMatch[] }
export type SearchState = {
  query: SearchQuery
  found: readonly FoundFile[]
  /** Places in all files found. */
  places: number
} & (
  | { step: 'idle' | 'searching' }
  | { step: 'done'; files: number; stopped: 'many' | 'slow' | null }
  | { step: 'failed'; say: string }
)

export type Search = {
  state: Readable<SearchState>
  ask: (query: SearchQuery) => void
  dispose: () => void
}

const nothing: SearchState = {
  query: { text: '', regex: false, caseSensitive: false, wholeWord: false },
  found: [],
  places: 0,
  step: 'idle',
}

export function createSearch(doors: DoorsKeeper): Search {
  const state = createStore<SearchState>(nothing)
  let running: AbortController | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = (): void => {
    clearTimeout(timer)
    running?.abort()
    running = null
  }
  const take = (line: SearchLine): void => {
    if ('path' in line)
      state.update((now) => ({
        ...now,
        found: [...now.found, line],
        places: now.places + line.matches.length,
      }))
    else if ('done' in line)
      state.update((now) => ({ ...now, step: 'done', files: line.files, stopped: line.stopped }))
    else throw new AppError(line.failed.code, { say: line.failed.say })
  }
  const run = async (query: SearchQuery): Promise<void> => {
    const mine = (running = new AbortController())
    try {
      for await (const line of linesOf(await asked(doors, query, mine.signal))) {
        if (mine.signal.aborted) return
        take(line)
      }
      if (state.get().step === 'searching') throw new AppError('unavailable', { say: cutOffSay })
    } catch (thrown) {
      if (!mine.signal.aborted)
        state.update((now) => ({ ...now, step: 'failed', say: asAppError(thrown).say }))
    }
  }
  return {
    state,
    ask: (query) => {
      stop()
      if (query.text === '') return state.set({ ...nothing, query })
      state.set({ query, found: [], places: 0, step: 'searching' })
      timer = setTimeout(() => void run(query), quietMs)
    },
    dispose: stop,
  }
}

const cutOffSay = 'The search was cut off. Check the connection and try again.'

async function asked(doors: DoorsKeeper, query: SearchQuery, signal: AbortSignal): Promise<Response> {
  const { runner, token } = await doors.current()
  const answer = await fetch(`${runner}/search`, {
    method: 'POST',
    credentials: 'omit',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(query),
    signal,
  }).catch((cause: unknown) => {
    throw new AppError('unavailable', { say: cutOffSay, cause })
  })
  if (answer.ok) return answer
  const failure = ApiFailure.safeParse(await answer.json().catch(() => null))
  throw new AppError('unavailable', { say: failure.data?.error.say ?? cutOffSay })
}

/** Each line as soon as it is whole. */
async function* linesOf(answer: Response): AsyncGenerator<SearchLine> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (reader === undefined) return
  let held = ''
  for (;;) {
    const { done, value } = await reader.read()
    const lines = (held + (value ?? '')).split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield SearchLine.parse(JSON.parse(line))
    if (done) return
  }
}
