// The six connection words, decided from facts alone; it knows no socket and no panel.
import type { LinkPhase } from './link.ts'

export type ConnectionFacts = {
  link: LinkPhase
  /** Documents whose room is away although the link holds, and since when. */
  roomsAwaySince: number | null
  /** A text that was asked for does not come. */
  isLate: boolean
  /** What the server says of the session: `ended` while it is stopped or going down, `coming` while it starts. */
  session: 'here' | 'coming' | 'ended'
  /** Own edits that are not on the runner's disk yet. */
  waiting: number
  /** They are in this browser's store too. */
  isKept: boolean
  isViewer: boolean
  /** Words of a room that takes no edits at the moment, or null. */
  readOnly: string | null
}

export type ConnectionWord = {
  word: 'connecting' | 'synced' | 'sending' | 'offline' | 'read-only' | 'stopped'
  say: string
}

const clockTime = (at: number): string =>
  new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
const edits = (count: number): string => (count === 1 ? '1 edit waits' : `${count} edits wait`)

export function connectionWord(facts: ConnectionFacts): ConnectionWord {
  const { link, waiting } = facts
  if (link.phase === 'refused') return withEdits('stopped', 'Not connected', waiting)
  if (link.phase !== 'live') return notLive(facts)
  if (facts.roomsAwaySince !== null) return offline(facts.roomsAwaySince, facts)
  if (facts.isLate) return withEdits('connecting', 'Connecting', waiting)
  // What somebody typed before they were made a viewer is not on its way.
  if (facts.isViewer) return withEdits('read-only', 'Read only (viewer)', waiting)
  if (facts.readOnly !== null) return withEdits('read-only', 'Read only', waiting)
  if (waiting > 0) return { word: 'sending', say: `Sending ${waiting}…` }
  return { word: 'synced', say: 'Synced' }
}

/** What the server says of the session explains sockets that are gone. */
function notLive(facts: ConnectionFacts): ConnectionWord {
  const { link, session, waiting } = facts
  if (session === 'ended') return withEdits('stopped', 'Stopped', waiting)
  if (session === 'coming') return withEdits('connecting', 'Connecting', waiting)
  if (link.phase === 'stopped') return withEdits('stopped', 'Stopped', waiting)
  if (link.phase === 'offline') return offline(link.since, facts)
  return withEdits('connecting', 'Connecting', waiting)
}

function withEdits(word: ConnectionWord['word'], say: string, waiting: number): ConnectionWord {
  return { word, say: waiting > 0 ? `${say} — ${edits(waiting)}` : say }
}

function offline(since: number, { waiting, isKept, isViewer }: ConnectionFacts): ConnectionWord {
  const say = `Offline since ${clockTime(since)}`
  if (isViewer && waiting === 0) return { word: 'offline', say }
  // Where the browser keeps nothing, the page itself is all that holds them.
  const where = isKept ? 'typing is kept here' : 'keep this page open'
  return { word: 'offline', say: `${say} — ${where}${waiting > 0 ? `, ${edits(waiting)}` : ''}` }
}
