// What a document's room tells its people, above the text: away, read-only, closed, deleted. One line, and an action where one helps.
import { Info } from 'lucide-react'
import { Button } from '../../ui/button.tsx'
import { usePart, useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import type { DocumentFacts, OpenDocument } from './document.ts'

function wordsOf(facts: DocumentFacts, is: { gone: boolean; viewer: boolean }): string | null {
  if (is.gone) return 'This file was deleted. Its text is still here until you close the tab.'
  if (facts.closed !== null) return facts.closed.say
  if (is.viewer) return unsentWords(facts.waiting.unsaved)
  return facts.readOnly ?? facts.runnerAway ?? facts.alarm
}

/** For a viewer who was an editor a moment ago. */
function unsentWords(count: number): string | null {
  if (count === 0) return null
  const edits = count === 1 ? 'One edit of yours was' : `${count} edits of yours were`
  return `${edits} not sent before you became a viewer. What you typed stays here, and is sent when you may edit again.`
}

interface RoomWordsProps {
  document: OpenDocument
  isGone: boolean
  path: string
}

export function RoomWords({ document, isGone, path }: RoomWordsProps) {
  const { files, notices, tabs, isViewer } = useWorkbench()
  const viewer = useStore(isViewer)
  const words = usePart(document.facts, (facts) => wordsOf(facts, { gone: isGone, viewer }))
  if (words === null) return null
  const writeAgain = async (): Promise<void> => {
    await files.upload(path, new Blob([document.text.toString()]))
    const tab = tabs.state.get().tabs.find((other) => other.path === path)
    if (tab !== undefined) tabs.retry(tab.key)
  }
  return (
    <div role="status" className="flex items-center gap-2 border-b border-line bg-warn-soft px-3 py-1.5">
      <Info size={14} className="shrink-0 text-warn" aria-hidden />
      <p className="flex-1">{words}</p>
      {isGone && (
        <Button size="small" onClick={() => notices.attempt('editor', writeAgain)}>
          Write it again
        </Button>
      )}
    </div>
  )
}
