// The six connection words, decided from facts alone; it knows no socket and no panel.
import type { LinkPhase } from './link.ts'

export type ConnectionFacts = {
  link: LinkPhase
  /** Documents whose room is away although the link holds, and since when. */
  roomsAwaySince: number | null
  /** Own edits that are not on the runner's disk yet. */
  waiting: number
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
  if (link.phase === 'stopped')
    return { word: 'stopped', say: waiting > 0 ? `Stopped — ${edits(waiting)}` : 'Stopped' }
  if (link.phase === 'refused') return { word: 'stopped', say: 'Not connected' }
  if (link.phase === 'offline') return offline(link.since, waiting)
  if (link.phase === 'connecting') return { word: 'connecting', say: 'Connecting' }
  if (facts.roomsAwaySince !== null) return offline(facts.roomsAwaySince, waiting)
  if (facts.readOnly !== null) return { word: 'read-only', say: 'Read only' }
  if (waiting > 0) return { word: 'sending', say: `Sending ${waiting}…` }
  if (facts.isViewer) return { word: 'read-only', say: 'Read only (viewer)' }
  return { word: 'synced', say: 'Synced' }
}

function offline(since: number, waiting: number): ConnectionWord {
  const kept = waiting > 0 ? `typing is kept here, ${edits(waiting)}` : 'typing is kept here'
  return { word: 'offline', say: `Offline since ${clockTime(since)} — ${kept}` }
}
