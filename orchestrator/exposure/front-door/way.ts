// Which of the servers behind the front door a request is for, from its target alone; pure.
import { ReplId } from '../../../protocol/ids.ts'

export type Way = { to: 'app' } | { to: 'collab' } | { to: 'runner'; repl: string }

/** Null for what no browser of ours sends: absolute form, `*`, two slashes at the start, backslashes, controls, fragments. */
export function wayOf(target: string): Way | null {
  if (!/^\/(?!\/)[!-"$-[\]-~]*$/.test(target)) return null
  const [, first, second, ...rest] = (target.split('?', 1)[0] ?? '').split('/')
  if (first === 'collab' && second !== undefined) return { to: 'collab' }
  if (first !== 'r' || second === undefined) return { to: 'app' }
  if (rest.length === 0 || !ReplId.safeParse(second).success) return { to: 'app' }
  return { to: 'runner', repl: second }
}
