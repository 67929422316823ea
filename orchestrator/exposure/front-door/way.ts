// Which of the servers behind the front door a request is for, from its target, its host and our port alone; pure.
import { ReplId } from '../../../protocol/ids.ts'
import { originIn, readPreviewLabel, type PreviewBase, type PreviewPlace } from '../../../protocol/preview.ts'

export type Way =
  | { to: 'app' }
  | { to: 'collab' }
  | { to: 'runner'; repl: string }
  /** `origin`: the preview's own, as the browser knows it. */
  | { to: 'preview'; repl: string; port: number; origin: string }

/** Null for what no browser of ours sends: absolute form, `*`, two slashes at the start, backslashes, controls, fragments. */
export function wayOf(target: string): Way | null {
  if (!/^\/(?!\/)[!-"$-[\]-~]*$/.test(target)) return null
  const [, first, second, ...rest] = (target.split('?', 1)[0] ?? '').split('/')
  if (first === 'collab' && second !== undefined) return { to: 'collab' }
  if (first !== 'r' || second === undefined) return { to: 'app' }
  if (rest.length === 0 || !ReplId.safeParse(second).success) return { to: 'app' }
  return { to: 'runner', repl: second }
}

/** A preview's target is its program's own affair, as long as it is one of a server's. */
export function isPreviewTarget(target: string): boolean {
  return /^\/[!-~]*$/.test(target)
}

/** The preview that a Host header names below `base`, with its origin; null for every other host. */
export function previewOfHost(
  host: string,
  base: PreviewBase,
): { place: PreviewPlace; origin: string } | null {
  const [name = '', port = ''] = host.toLowerCase().split(':')
  const label = name.endsWith(`.${base.suffix}`) ? name.slice(0, -base.suffix.length - 1) : ''
  const place = readPreviewLabel(label)
  if (place === null) return null
  return { place, origin: originIn(base.scheme === 'https' ? base : { ...base, port }, label) }
}
