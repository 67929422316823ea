// The table of permission, asked for every role and action.
import { expect, test } from 'vitest'
import { can, Role, type Action } from '../../../protocol/access.ts'

const everybody: Action[] = [
  'repl.open',
  'document.read',
  'file.read',
  'tree.read',
  'terminal.watch',
  'presence.show',
]
const editors: Action[] = [
  'repl.start',
  'repl.stop',
  'document.edit',
  'file.write',
  'tree.change',
  'terminal.open',
  'terminal.type',
  'terminal.close',
  'run',
]
const owners: Action[] = ['repl.rename', 'repl.delete', 'invite.create', 'member.change']

test('A-8 the whole table: each role may do its own and what is below it, and no more', () => {
  const table: Record<Role, Action[]> = {
    viewer: everybody,
    editor: [...everybody, ...editors],
    owner: [...everybody, ...editors, ...owners],
  }
  const all = table.owner

  for (const role of Role.options) {
    for (const action of all)
      expect(can(role, action), `${role} ${action}`).toBe(table[role].includes(action))
  }
})

test('A-8 a role or an action that is not in the table may nothing', () => {
  for (const action of ['', 'everything', 'constructor', 'TREE.CHANGE'] as unknown as Action[]) {
    expect(can('owner', action)).toBe(false)
  }
  expect(Role.safeParse('admin').success).toBe(false)
})
