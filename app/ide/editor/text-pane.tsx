// Holds the one Monaco editor in the page and shows it the chosen tab's document. Loaded apart: it brings Monaco with it.
import { useEffect, useRef, useState } from 'react'
import { useTheme } from '../../ui/theme.tsx'
import { LoadingView } from '../../ui/views.tsx'
import { isOverlayOpen } from '../keyboard.ts'
import { usePart, useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { createCodeEditor, type CodeEditor } from './code-editor.ts'
import type { OpenDocument } from './document.ts'
import type { Tab } from './tabs.ts'
import { wearTheme } from './theme.ts'
import './cursors.css'

export function TextPane({ tab }: { tab: Tab | null }) {
  const { tabs, notices, places, view } = useWorkbench()
  const { worn } = useTheme()
  const host = useRef<HTMLDivElement>(null)
  const [editor, setEditor] = useState<CodeEditor | null>(null)
  useEffect(() => {
    if (host.current === null) return
    const made = createCodeEditor({ host: host.current, places, refuse: (say) => notices.say('editor', say) })
    const stop = made.place.subscribe(() => view.update((now) => ({ ...now, cursor: made.place.get() })))
    setEditor(made)
    return () => {
      stop()
      made.dispose()
      setEditor(null)
    }
  }, [notices, places, view])
  useEffect(() => wearTheme(worn), [worn])
  const list = usePart(tabs.state, (state) => state.tabs)
  useEffect(() => {
    const open = list.flatMap((other) => (other.view.kind === 'text' ? [other.view.document.id] : []))
    editor?.keepOnly(new Set(open))
  }, [editor, list])
  const document = tab?.view.kind === 'text' ? tab.view.document : null
  return (
    <>
      <div ref={host} className="absolute inset-0" data-testid="text-pane" />
      {editor !== null && document !== null && tab !== null && (
        <Shown key={document.id} editor={editor} document={document} path={tab.path} />
      )}
    </>
  )
}

interface ShownProps {
  editor: CodeEditor
  document: OpenDocument
  path: string
}

/** Shows the document once its text has come: an empty text that fills later would look like a loss. */
function Shown({ editor, document, path }: ShownProps) {
  const { isViewer: viewer, view } = useWorkbench()
  const place = usePart(view, (now) => now.place)
  const hasText = usePart(document.facts, (facts) => facts.hasText)
  const readOnly = usePart(document.facts, (facts) => facts.readOnly)
  const closed = usePart(document.facts, (facts) => facts.closed)
  const isViewer = useStore(viewer)
  useEffect(() => {
    if (!hasText) return editor.hide()
    editor.show(document, path)
    if (isFocusFree()) editor.focus()
  }, [editor, document, path, hasText])
  useEffect(() => {
    if (!hasText || place?.path !== path) return
    editor.reveal(place)
    view.update((now) => ({ ...now, place: null }))
  }, [editor, hasText, path, place, view])
  useEffect(() => () => editor.hide(), [editor])
  const words = isViewer
    ? 'You are a viewer here. Ask the owner to make you an editor.'
    : (closed?.say ?? readOnly)
  useEffect(() => editor.setReadOnly(words), [editor, words])
  if (hasText) return null
  return (
    <div className="absolute inset-0 bg-ground">
      <LoadingView say="Bringing the text" />
    </div>
  )
}

/** The text may come while the person already is elsewhere: what they type must not land in it. */
function isFocusFree(): boolean {
  return !isOverlayOpen() && window.document.activeElement?.closest('.xterm, input') == null
}
