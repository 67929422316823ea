// What a person is offered to do with a repl in the list, by its phase, what is wanted of it, and their role. Pure.
import { can, neededToStart } from '../../protocol/access.ts'
import type { Repl } from '../../protocol/repl.ts'
import { isOpen, isStopping } from '../ui/phase.ts'

export function offersOf(repl: Repl) {
  const { phase, desired, role } = repl
  const mayStart = can(role, neededToStart(repl))
  const isGoing = desired === 'deleted'
  const isDown = phase === 'STOPPED' || phase === 'CREATED' || phase === 'START_FAILED'
  const startsNow = !isOpen(phase) && !isStopping(phase) && desired !== 'running'
  return {
    start: mayStart && !isGoing && (startsNow || phase === 'START_FAILED'),
    startAfter: mayStart && isStopping(phase) && desired !== 'running',
    stop: can(role, 'repl.stop') && !isGoing && !isDown && !isStopping(phase),
    rename: can(role, 'repl.rename'),
    delete: can(role, 'repl.delete') && !isGoing,
  }
}
