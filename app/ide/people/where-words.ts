// Says in words where a person is and what they may do; it knows nothing but what presence tells.
import { nameOf } from '../../../protocol/paths.ts'
import type { TerminalInfo } from '../../../protocol/terminal.ts'
import { shownName } from '../../ui/shown-name.ts'
import type { Present } from './presence.ts'

export function whereWords(person: Present, terminals: TerminalInfo[] | null): string {
  const file = person.files[0]
  if (file !== undefined) return `in ${shownName(nameOf(file))}`
  const terminal = terminals?.find(({ id }) => id === person.terminals[0])
  return terminal === undefined ? 'here' : `in ${shownName(terminal.name)}`
}

/** Everybody else in as few words as can be heard: "Ada and 2 others are in main.py. Grace is here." */
export function hereWords(people: readonly Present[], terminals: TerminalInfo[] | null): string {
  const byPlace = new Map<string, string[]>()
  for (const person of people) {
    if (person.isMe) continue
    const where = whereWords(person, terminals)
    byPlace.set(where, [...(byPlace.get(where) ?? []), person.user.name])
  }
  if (byPlace.size === 0) return 'Nobody else is here.'
  return [...byPlace].map(([where, names]) => `${namesWords(names)} ${where}.`).join(' ')
}

function namesWords([first = '', second, ...more]: string[]): string {
  if (second === undefined) return `${first} is`
  return more.length === 0 ? `${first} and ${second} are` : `${first} and ${more.length + 1} others are`
}
