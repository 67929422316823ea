// What a person is told about a repl that they cannot work in yet, and which button is theirs. Pure.
import { type Action, can, neededToStart } from '../../protocol/access.ts'
import type { Repl } from '../../protocol/repl.ts'

export interface SessionWords {
  title: string
  say: string
  /** The one thing to press, null when there is nothing to do but wait. */
  action: { change: 'start' | 'stop'; label: string } | null
  /** Offers all files as a zip archive: the backup is not there. */
  offersZip: boolean
}

type Said = Omit<SessionWords, 'offersZip'>

const start = (label: string) => ({ change: 'start' as const, label })

function failureSay(repl: Repl): string {
  return repl.reason ?? 'The reason is in the log of DevEx.'
}

function atRest(repl: Repl): Said {
  if (repl.desired === 'running')
    return { title: `Starting ${repl.name}`, say: 'The start has been asked for.', action: null }
  return {
    title: `${repl.name} is stopped`,
    say: 'Its files are kept. Start it to work in it.',
    action: start('Start'),
  }
}

function goingDown(repl: Repl): Said {
  if (repl.desired === 'running') {
    return {
      title: `Saving the last session of ${repl.name}`,
      say: 'It starts again by itself as soon as the backup has been checked.',
      action: null,
    }
  }
  return {
    title: `Stopping ${repl.name}`,
    say: 'The files are saved and checked before anything is given up. You may leave this page.',
    action: start('Start again afterwards'),
  }
}

/** Each phase from the press of Delete to the tombstone: what is being deleted is never said to be stopping only. */
function goingForGood(repl: Repl): Said {
  const { name, phase } = repl
  const title = phase === 'DELETED' ? `${name} was deleted` : `Deleting ${name}`
  if (phase === 'FLUSH_FAILED') {
    const { say, action } = flushFailed(repl)
    return { title, say: `It is backed up before it goes, and the backup failed. ${say}`, action }
  }
  const before = phase === 'DELETED' ? '' : 'What is not backed up yet is backed up before it goes. '
  return {
    title,
    say: `${before}Until seven days have passed it can be brought back as it was.`,
    action: start('Bring it back and start it'),
  }
}

/** Of somebody who pressed nothing, for the moment until it is at rest. */
function comingBack({ name }: Repl): Said {
  return { title: `Bringing ${name} back`, say: 'Its deletion was taken back.', action: null }
}

function flushFailed(repl: Repl): Said {
  return {
    title: `The backup of ${repl.name} failed`,
    say: `${failureSay(repl)} The files are still here, where they ran, and stay until the backup holds them; it is tried again by itself.`,
    action: { change: 'stop', label: 'Try the backup again now' },
  }
}

/** The words for `repl` in its phase, before permission: see `sessionWords`. */
function wordsOf(repl: Repl): Said {
  const { name, phase } = repl
  switch (phase) {
    case 'CREATED':
    case 'STOPPED':
      return atRest(repl)
    case 'STARTING':
      return { title: `Starting ${name}`, say: 'You may leave this page; the start goes on.', action: null }
    case 'RECOVERING':
      return {
        title: `Bringing ${name} back`,
        say: `${repl.reason ?? 'The session broke off.'} It comes back from its last backup; what you typed after it is in this page and is sent again.`,
        action: null,
      }
    case 'START_FAILED':
      return { title: `${name} did not start`, say: failureSay(repl), action: start('Retry') }
    case 'FLUSH_FAILED':
      return flushFailed(repl)
    case 'QUIESCING':
    case 'FLUSHING':
    case 'VERIFYING':
    case 'RELEASING':
      return goingDown(repl)
    case 'DELETING':
    case 'DELETED':
      return comingBack(repl)
    case 'RUNNING':
    case 'DEGRADED':
      return { title: `${name} is running`, say: 'Opening it.', action: null }
  }
}

/** Whom to ask for what one may not do oneself. */
function whomToAsk({ role, ownerName }: Repl, needed: Action): string {
  if (needed === 'repl.delete') return `Only its owner, ${ownerName}, can do that.`
  return `You are a ${role}: ask ${ownerName} to do it.`
}

/** The words for `repl`; who may not press what there is to press is told whom to ask. */
export function sessionWords(repl: Repl): SessionWords {
  const said = repl.desired === 'deleted' ? goingForGood(repl) : wordsOf(repl)
  const words = { ...said, offersZip: repl.phase === 'FLUSH_FAILED' }
  if (!words.action) return words
  const needed = words.action.change === 'start' ? neededToStart(repl) : 'repl.stop'
  if (can(repl.role, needed)) return words
  return { ...words, say: `${words.say} ${whomToAsk(repl, needed)}`, action: null }
}
