// The sentences of a start and a stop, as people read them. Says only what it is given.
import type { FlushNotes } from '../protocol/control.ts'
import type { AppError } from '../protocol/errors.ts'
import type { Level, Step } from '../protocol/repl.ts'
import type { Effect } from './decide.ts'
import type { ReplRecord } from './record.ts'

const kilo = 1000

/** "214 files (3.2 MB)". */
export function amount(what: { files: number; bytes: number }): string {
  return `${what.files.toLocaleString('en')} ${what.files === 1 ? 'file' : 'files'} (${size(what.bytes)})`
}

function size(bytes: number): string {
  if (bytes < kilo) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / kilo ** power).toFixed(1)} ${units[power - 1] ?? ''}`
}

/** What a restore brought: the files of the last backup, or of the template, and the log that came after it. */
export function broughtBack(what: { files: string; isFirst: boolean; log: number; unread: number }): string {
  const files = what.isFirst ? `Copied ${what.files}` : `Brought back ${what.files}`
  if (what.unread > 0) return `${files}; some of what was typed after the last backup is damaged and missing`
  return what.log === 0 ? files : `${files}, and what was typed after the last backup`
}

/** What a backup could not keep as it was, as more sentences; empty when it kept everything. */
export function notKept(notes: FlushNotes | undefined): string {
  const { leftOut, parted } = notes ?? { leftOut: 0, parted: 0 }
  return [
    leftOut > 0
      ? `. Pipes, sockets, devices and what is nested too deeply are not kept: ${leftOut} left out`
      : '',
    parted > 0 ? `. Files with more than one name become files of their own: ${parted}` : '',
  ].join('')
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** What the system means by the codes that a person can do something about. */
const systemWords: Record<string, string> = {
  ENOSPC: 'the disk is full. Free some space',
  EDQUOT: 'the disk space granted to DevEx is used up. Free some',
  EROFS: 'the disk is read-only. See that it is mounted for writing',
  EACCES: 'DevEx may not write to its own folder. See whose it is',
  EPERM: 'DevEx may not write to its own folder. See whose it is',
  EIO: 'the disk gives errors. See whether it is failing',
  EMFILE: 'DevEx has as many files open as it may. Raise the limit (ulimit -n)',
  ENFILE: 'this machine has as many files open as it may',
  ENOMEM: 'this machine is out of memory. Stop something',
  EAGAIN: 'this machine runs as many processes as it may. Stop something',
}

/** Why the system refused, in the chain of what was thrown; null when it says nothing that helps a person. */
export function systemReason(thrown: unknown): string | null {
  if (!(thrown instanceof Error)) return null
  const own = 'code' in thrown ? systemWords[String(thrown.code)] : undefined
  return own ?? systemReason(thrown.cause)
}

/** Of each step: the beginning of a sentence about its failure, what of the person's work is safe then, and whether it is tried again. */
type StepFault = { what: string; safe: string; again?: true }
const onDisk = 'The files are on the disk of this machine'
const stepFaults: Partial<Record<Effect['do'], StepFault>> = {
  reserve: { what: 'Reserving a place failed', safe: 'Nothing was changed' },
  place: { what: 'Making the folders of this session failed', safe: 'The last backup is untouched' },
  restore: { what: 'Bringing the files failed', safe: 'The last backup is untouched' },
  boot: { what: 'Starting the workspace failed', safe: 'The files are untouched' },
  join: { what: 'Joining the room failed', safe: 'The files are untouched' },
  quiesce: { what: 'Ending the programs failed', safe: onDisk, again: true },
  flush: { what: 'Saving the files failed', safe: onDisk, again: true },
  verify: { what: 'Checking the backup failed', safe: onDisk, again: true },
  release: { what: 'Clearing the place failed', safe: 'The backup is whole', again: true },
}

/**
 * Why an action failed, for people: its own words where it has some. A fault that nobody foresaw says which step it was, what is
 * safe and what to do; the rest is in the log, under the repl's id.
 */
export function failureWords(effect: Effect, error: AppError, repl: string): string {
  if (error.code !== 'internal') return error.say
  const { what, safe, again } = stepFaults[effect.do] ?? {
    what: 'A step failed',
    safe: 'Nothing was given up',
  }
  const next = again ? 'It is tried again by itself' : 'Try again'
  const why = systemReason(error.cause)
  if (why !== null) return `${what}: ${why}. ${safe}. ${next}.`
  return `${what} for a reason that DevEx does not know. ${safe}. ${next}; if it goes on, look for ${repl} in the log of DevEx.`
}

/** Characters of a program's last words that fit a sentence on screen. */
const shownWords = 200

/** What Node and V8 write around an error: source and stack are indented, then a place alone, a brace, a version, a rule. */
const aroundError = /^(?:$|\s|[{}]$|Node\.js v\d|\S+:\d+$|#\s*$|#FailureMessage|-----)/

/** What a program that died said of it: the message of its last line when that is one of ours, the error of a stack, else the last line. */
export function lastWords(lines: readonly string[]): string {
  const line = lines.findLast((each) => !aroundError.test(each)) ?? lines.at(-1) ?? ''
  const msg = /"msg":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1]
  return (msg ?? line).slice(0, shownWords)
}

/** What a level means for who may come in. */
export function isolationWords(level: Level): string {
  if (level === 'process')
    return 'This session runs without isolation (level process): only let people in whom you trust with this machine.'
  return `This session runs isolated (level ${level}).`
}

/** The step that an effect is told as, and what is said while it runs; null for effects that nobody waits for. */
export function tellingOf(effect: Effect, record: ReplRecord): { step: Step; say: string } | null {
  switch (effect.do) {
    case 'reserve':
      return { step: 'reserve', say: 'Reserving a place' }
    case 'place':
      return { step: 'place', say: 'Finding a place on this machine' }
    case 'restore':
      return {
        step: 'restore',
        say: record.commit === null ? 'Copying the starting files' : `Bringing back ${amount(record.commit)}`,
      }
    case 'boot':
      return record.phase === 'STARTING' ? { step: 'boot', say: 'Starting the workspace' } : null
    case 'join':
      return { step: 'join', say: 'Joining the room' }
    case 'quiesce':
      return { step: 'quiesce', say: 'Asking programs to end' }
    case 'flush':
      return { step: 'flush', say: 'Saving the files' }
    case 'verify':
      return { step: 'verify', say: 'Checking the backup' }
    case 'release':
      return { step: 'release', say: 'Clearing the place' }
    default:
      return null
  }
}
