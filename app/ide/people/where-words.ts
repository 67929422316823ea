// Says in words where a person is and what they may do; it knows nothing but what presence tells.
import { nameOf } from '../../../protocol/paths.ts'
import type { TerminalInfo } from '../../../protocol/terminal.ts'
import { shownName, shownPath } from '../../ui/shown-name.ts'
import type { Present } from './presence.ts'

/** `people`: who else is spoken of. Where two of them are in files of one name, the path is said. */
export function whereWords(
  person: Present,
  terminals: TerminalInfo[] | null,
  people: readonly Present[] = [],
): string {
  const file = person.files[0]
  if (file !== undefined)
    return `in ${isOneOfSeveral(file, people) ? shownPath(file) : shownName(nameOf(file))}`
  const terminal = terminalOf(person, terminals)
  return terminal === undefined ? 'here' : `in ${shownName(terminal.name)}`
}

/** Everybody else in as few words as can be heard: "Ada and 2 others are in main.py. Grace is here." */
export function hereWords(people: readonly Present[], terminals: TerminalInfo[] | null): string {
  const byPlace = new Map<string, { where: string; names: string[] }>()
  for (const person of people) {
    if (person.isMe) continue
    // By the place itself: two of them may be called the same.
    const key = JSON.stringify(person.files[0] ?? terminalOf(person, terminals)?.id ?? null)
    const place = byPlace.get(key) ?? { where: whereWords(person, terminals, people), names: [] }
    place.names.push(person.user.name)
    byPlace.set(key, place)
  }
  if (byPlace.size === 0) return 'Nobody else is here.'
  return [...byPlace.values()].map(({ where, names }) => `${namesWords(names)} ${where}.`).join(' ')
}

const terminalOf = ({ terminals: [shown] }: Present, list: TerminalInfo[] | null): TerminalInfo | undefined =>
  list?.find(({ id }) => id === shown)

const isOneOfSeveral = (file: string, people: readonly Present[]): boolean =>
  people.some(({ files: [other] }) => other !== undefined && other !== file && nameOf(other) === nameOf(file))

function namesWords([first = '', second, ...more]: string[]): string {
  if (second === undefined) return `${first} is`
  return more.length === 0 ? `${first} and ${second} are` : `${first} and ${more.length + 1} others are`
}
