// Shows a port in the pane, wherever a person asked for it: by button, word or palette; and how many there are, in words. It draws nothing.
import { mostPorts } from '../../../protocol/preview.ts'
import { takeToastAway } from '../../ui/toast.tsx'
import type { Workbench } from '../workbench-context.ts'

/** Names the word that a port was found by. */
export const wordOf = (port: number): string => `port-${port}`

/** No more than `mostPorts` are told of: then nobody here knows how many there are. */
export const portsWords = (count: number): string => `${count}${count < mostPorts ? '' : ' or more'} ports`

/** On a narrow page the preview comes to the front. */
export function openPreview({ previews, view }: Pick<Workbench, 'previews' | 'view'>, port: number): void {
  takeToastAway(wordOf(port))
  previews.open(port)
  view.update((now) => ({ ...now, narrow: 'preview' }))
}
