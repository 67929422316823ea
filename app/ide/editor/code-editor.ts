// The one Monaco editor of a page: shows a bound document, keeps the place in each, and tells where the cursor is.
import { limits } from '../../../protocol/limits.ts'
import { createScope } from '../scope.ts'
import { createStore, type Readable } from '../store.ts'
import { bindDocument, keepCompositionWhole, type BoundDocument } from './binding.ts'
import { showCursors } from './cursors.ts'
import type { OpenDocument } from './document.ts'
import { languageOf, monaco } from './monaco.ts'

export type CursorPlace = { line: number; column: number; language: string }

export type CodeEditor = {
  place: Readable<CursorPlace | null>
  show: (document: OpenDocument, path: string) => void
  hide: () => void
  /** Lets go of the models of documents that are not in `ids`. */
  keepOnly: (ids: ReadonlySet<string>) => void
  setReadOnly: (words: string | null) => void
  focus: () => void
  dispose: () => void
}

const helpKeys = navigator.platform.startsWith('Mac') ? 'Control+Shift+M' : 'Control+M'

const options: monaco.editor.IStandaloneEditorConstructionOptions = {
  automaticLayout: true,
  theme: 'devex',
  fontFamily: "'JetBrains Mono Variable', ui-monospace, Menlo, monospace",
  fontSize: 14,
  lineHeight: 21,
  fontLigatures: false,
  minimap: { enabled: false },
  scrollBeyondLastLine: false,
  padding: { top: 8, bottom: 8 },
  renderLineHighlight: 'line',
  smoothScrolling: false,
  cursorBlinking: 'solid',
  bracketPairColorization: { enabled: false },
  guides: { indentation: true, bracketPairs: false },
  overviewRulerLanes: 0,
  scrollbar: { verticalScrollbarSize: 10, horizontalScrollbarSize: 10, useShadows: false },
  stickyScroll: { enabled: false },
  unicodeHighlight: { ambiguousCharacters: false },
  accessibilitySupport: 'auto',
  tabFocusMode: false,
  fixedOverflowWidgets: true,
}

export type CodeEditorParts = { host: HTMLElement; refuse: (say: string) => void }

export function createCodeEditor({ host, refuse }: CodeEditorParts): CodeEditor {
  const scope = createScope()
  const editor = monaco.editor.create(host, { ...options, model: null })
  scope.add(() => editor.dispose())
  const bound = new Map<string, BoundDocument>()
  const views = new Map<string, monaco.editor.ICodeEditorViewState>()
  const place = createStore<CursorPlace | null>(null)
  let shown: BoundDocument | null = null
  let hideCursors: (() => void) | null = null

  const hide = (): void => {
    hideCursors?.()
    hideCursors = null
    const view = editor.saveViewState()
    if (shown !== null && view !== null) views.set(shown.document.id, view)
    shown = null
    editor.setModel(null)
    place.set(null)
  }
  const unbind = (id: string): void => {
    if (shown?.document.id === id) hide()
    bound.get(id)?.dispose()
    bound.delete(id)
  }
  const boundOf = (document: OpenDocument, path: string): BoundDocument => {
    const known = bound.get(document.id)
    if (known?.document === document) {
      monaco.editor.setModelLanguage(known.model, languageOf(path).id)
      return known
    }
    unbind(document.id)
    const fresh = bindDocument(document, path, editor)
    bound.set(document.id, fresh)
    return fresh
  }
  const tellPlace = (path: string): void => {
    const at = editor.getPosition()
    if (at !== null) place.set({ line: at.lineNumber, column: at.column, language: languageOf(path).name })
  }
  let shownPath = ''
  const watch = editor.onDidChangeCursorPosition(() => tellPlace(shownPath))
  scope.add(() => watch.dispose())
  scope.add(keepCompositionWhole(editor, () => shown?.document ?? null))
  scope.add(refuseLargePaste({ host, refuse, held: () => shown?.model.getValueLength() ?? 0 }))
  scope.add(() => {
    hide()
    for (const id of bound.keys()) unbind(id)
  })
  return {
    place,
    hide,
    show: (document, path) => {
      shownPath = path
      const next = boundOf(document, path)
      if (shown === next) return tellPlace(path)
      hide()
      shown = next
      editor.setModel(next.model)
      const view = views.get(document.id)
      if (view !== undefined) editor.restoreViewState(view)
      editor.updateOptions({
        ariaLabel: `${path}. Text editor. ${helpKeys} lets Tab leave the editor; F6 goes to the next region.`,
      })
      hideCursors = showCursors(editor, next)
      tellPlace(path)
    },
    keepOnly: (ids) => {
      for (const id of bound.keys()) {
        if (ids.has(id)) continue
        unbind(id)
        views.delete(id)
      }
    },
    setReadOnly: (words) =>
      editor.updateOptions({
        readOnly: words !== null,
        ...(words === null ? {} : { readOnlyMessage: { value: words } }),
      }),
    focus: () => editor.focus(),
    dispose: scope.dispose,
  }
}

type PasteParts = { host: HTMLElement; refuse: (say: string) => void; held: () => number }

/** A text that no frame could carry is refused before it enters the document: inside, it could not be taken back alone. */
function refuseLargePaste({ host, refuse, held }: PasteParts): () => void {
  const guard = (event: Event, data: DataTransfer | null): void => {
    const text = data?.getData('text/plain') ?? ''
    // A UTF-16 unit takes at most 3 bytes as UTF-8; only long texts are measured exactly.
    const bytes = text.length * 3 < limits.collabUpdateBytes ? 0 : new TextEncoder().encode(text).length
    const isTooLarge = bytes > limits.collabUpdateBytes || held() + bytes > limits.documentBytes
    if (!isTooLarge) return
    event.preventDefault()
    event.stopImmediatePropagation()
    refuse('This text is too large to paste. Upload it as a file instead.')
  }
  const onPaste = (event: ClipboardEvent): void => guard(event, event.clipboardData)
  const onDrop = (event: DragEvent): void => guard(event, event.dataTransfer)
  host.addEventListener('paste', onPaste, true)
  host.addEventListener('drop', onDrop, true)
  return () => {
    host.removeEventListener('paste', onPaste, true)
    host.removeEventListener('drop', onDrop, true)
  }
}
