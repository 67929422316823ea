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
