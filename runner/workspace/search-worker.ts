// Looks for a pattern in texts, in a thread of its own: a pattern that takes for ever holds up nobody, and can be ended.
import { Worker } from 'node:worker_threads'
import { AppError } from '../../protocol/errors.ts'
import {
  mostMatchesInFile,
  shownCharacters,
  type SearchMatch,
  type SearchQuery,
} from '../../protocol/search.ts'

/** Milliseconds that one text may take. */
const textMs = 2_000
/** MiB of a searching thread: a text and its lines have room. */
const threadMiB = 128

export type Searcher = {
  /** Places in `text`; null when it took too long, and then every later one too. */
  find(text: string): Promise<SearchMatch[] | null>
  end(): Promise<void>
}

/** Throws `bad-input` for a pattern that is none. */
export function startSearcher(query: SearchQuery): Searcher {
  const pattern = patternOf(query)
  const limits = { most: mostMatchesInFile, shown: shownCharacters }
  const worker = new Worker(`(${search.toString()})(require('node:worker_threads'))`, {
    eval: true,
    workerData: { source: pattern.source, flags: pattern.flags, ...limits },
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: threadMiB },
  })
  let isEnded = false
  const end = async (): Promise<void> => {
    isEnded = true
    await worker.terminate()
  }
  worker.on('error', () => void end())
  return {
    end,
    find: (text) =>
      new Promise((done) => {
        if (isEnded) return done(null)
        const settle = (found: SearchMatch[] | null): void => {
          clearTimeout(late)
          worker.off('message', settle).off('exit', gone)
          done(found)
        }
        const gone = (): void => settle(null)
        const late = setTimeout(() => void end(), textMs)
        worker.on('message', settle).on('exit', gone)
        worker.postMessage(text, [])
      }),
  }
}

function patternOf({ text, regex, caseSensitive, wholeWord }: SearchQuery): RegExp {
  const plain = regex ? text : text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  const whole = wholeWord ? `(?<![\\p{L}\\p{N}_])(?:${plain})(?![\\p{L}\\p{N}_])` : plain
  try {
    return new RegExp(whole, `gmu${caseSensitive ? '' : 'i'}`)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^.*\/[a-z]*: /s, '') : ''
    throw new AppError('bad-input', { say: `This regular expression is not valid: ${why}.`, cause })
  }
}

type Data = { source: string; flags: string; most: number; shown: number }
type Port = {
  on(event: 'message', hear: (text: string) => void): void
  postMessage(found: SearchMatch[], transfer: []): void
}

/** Runs in the thread, from its own text: it must use nothing from outside itself. */
function search({ parentPort, workerData }: { parentPort: Port; workerData: Data }): void {
  const { source, flags, most, shown } = workerData
  const placesIn = (text: string): SearchMatch[] => {
    const pattern = new RegExp(source, flags)
    const found: SearchMatch[] = []
    let line = 1
    let begin = 0
    for (let match = pattern.exec(text); match !== null && found.length < most; match = pattern.exec(text)) {
      if (match[0] === '') pattern.lastIndex += 1
      for (
        let end = text.indexOf('\n', begin);
        end !== -1 && end < match.index;
        end = text.indexOf('\n', begin)
      ) {
        line += 1
        begin = end + 1
      }
      const lineEnd = text.indexOf('\n', begin)
      const whole = text.slice(begin, lineEnd === -1 ? text.length : lineEnd)
      const offset = match.index - begin
      const from = Math.max(0, offset - Math.floor(shown / 4))
      const length = Math.min(match[0].length, whole.length - offset)
      found.push({
        line,
        column: offset + 1,
        length,
        text: whole.slice(from, from + shown),
        at: offset - from,
      })
    }
    return found
  }
  parentPort.on('message', (text) => parentPort.postMessage(placesIn(text), []))
}
