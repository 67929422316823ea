// The one Monaco editor of a page: shows a bound document, keeps the place in each, and tells where the cursor is.
import { limits } from '../../../protocol/limits.ts'
import { announce } from '../../ui/live-region.tsx'
import { isMac } from '../commands/commands.ts'
import { createScope } from '../scope.ts'
import { createStore, type Readable } from '../store.ts'
import { bindDocument, keepCompositionWhole, type BoundDocument } from './binding.ts'
import { showCursors } from './cursors.ts'
import type { OpenDocument } from './document.ts'
import { languageOf, monaco } from './monaco.ts'

export type CursorPlace = {
  line: number
  column: number
  language: string
  tab: TabUse | null
}

/**
 * What the Tab key does while the editor has the keyboard, null while it has not. `only-leaves`: the text is read only, and no
 * switch makes the key type there.
 */
export type TabUse = 'indents' | 'leaves' | 'only-leaves'

export type CodeEditor = {
  place: Readable<CursorPlace | null>
  show: (document: OpenDocument, path: string) => void
  hide: () => void
  /** Lets go of the models of documents that are not in `ids`. */
  keepOnly: (ids: ReadonlySet<string>) => void
  setReadOnly: (words: string | null) => void
  /** Selects a place of the shown document, puts it in the middle and takes the keyboard. */
  reveal: (place: { line: number; column: number; length: number }) => void
  focus: () => void
  dispose: () => void
}

const helpKeys = isMac ? 'Control+Shift+M' : 'Control+M'

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

/** Cursor, selection and scroll of each document by its id: outlives an editor, which another layout of the page makes anew. */
export type EditorPlaces = Map<string, monaco.editor.ICodeEditorViewState>

export type CodeEditorParts = { host: HTMLElement; places: EditorPlaces; refuse: (say: string) => void }

export function createCodeEditor(parts: CodeEditorParts): CodeEditor {
  return new SwitchingEditor(parts)
}

class SwitchingEditor implements CodeEditor {
  readonly place = createStore<CursorPlace | null>(null)
  readonly #scope = createScope()
  readonly #editor: monaco.editor.IStandaloneCodeEditor
  readonly #bound = new Map<string, BoundDocument>()
  readonly #places: EditorPlaces
  #shown: BoundDocument | null = null
  #shownPath = ''
  #hideCursors: (() => void) | null = null

  constructor({ host, places, refuse }: CodeEditorParts) {
    this.#places = places
    this.#editor = monaco.editor.create(host, { ...options, model: null })
    this.#scope.add(() => this.#editor.dispose())
    const tell = (): void => this.#tellPlace()
    const watches = [
      this.#editor.onDidChangeCursorPosition(tell),
      this.#editor.onDidFocusEditorText(tell),
      this.#editor.onDidBlurEditorText(tell),
      this.#editor.onDidChangeConfiguration(tell),
    ]
    for (const watch of watches) this.#scope.add(() => watch.dispose())
    freeTabByKeys(this.#editor)
    this.#scope.add(keepCompositionWhole(this.#editor, () => this.#shown?.document ?? null))
    this.#scope.add(refuseLargePaste({ host, refuse, held: () => this.#shown?.model.getValueLength() ?? 0 }))
    this.#scope.add(() => this.#letGo())
  }

  readonly dispose = (): void => this.#scope.dispose()

  show(document: OpenDocument, path: string): void {
    this.#shownPath = path
    const next = this.#boundOf(document, path)
    if (this.#shown === next) return this.#tellPlace()
    this.hide()
    this.#shown = next
    this.#editor.setModel(next.model)
    const view = this.#places.get(document.id)
    if (view !== undefined) this.#editor.restoreViewState(view)
    this.#nameIt()
    this.#hideCursors = showCursors(this.#editor, next)
    this.#tellPlace()
  }

  hide(): void {
    this.#hideCursors?.()
    this.#hideCursors = null
    if (this.#shown === null) return
    const view = this.#editor.saveViewState()
    if (view !== null) this.#places.set(this.#shown.document.id, view)
    this.#shown = null
    this.#editor.setModel(null)
    this.place.set(null)
  }

  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#bound.keys()) if (!ids.has(id)) this.#unbind(id)
    for (const id of this.#places.keys()) if (!ids.has(id)) this.#places.delete(id)
  }

  #letGo(): void {
    for (const id of this.#bound.keys()) this.#unbind(id)
  }

  setReadOnly(words: string | null): void {
    const message = words === null ? {} : { readOnlyMessage: { value: words } }
    this.#editor.updateOptions({ readOnly: words !== null, ...message })
    this.#nameIt()
  }

  #nameIt(): void {
    const way =
      tabUse(this.#editor) === 'only-leaves'
        ? 'Text, read only. Tab leaves it'
        : `Text editor. ${helpKeys} lets Tab leave the editor`
    this.#editor.updateOptions({ ariaLabel: `${this.#shownPath}. ${way}; F6 goes to the next region.` })
  }

  reveal({ line, column, length }: { line: number; column: number; length: number }): void {
    const range = new monaco.Range(line, column, line, column + length)
    this.#editor.setSelection(range)
    this.#editor.revealRangeInCenterIfOutsideViewport(range, monaco.editor.ScrollType.Immediate)
    this.#editor.focus()
  }

  focus(): void {
    this.#editor.focus()
  }

  #boundOf(document: OpenDocument, path: string): BoundDocument {
    const known = this.#bound.get(document.id)
    if (known?.document === document) {
      monaco.editor.setModelLanguage(known.model, languageOf(path).id)
      return known
    }
    this.#unbind(document.id)
    const fresh = bindDocument(document, path, this.#editor)
    this.#bound.set(document.id, fresh)
    return fresh
  }

  #unbind(id: string): void {
    if (this.#shown?.document.id === id) this.hide()
    this.#bound.get(id)?.dispose()
    this.#bound.delete(id)
  }

  #tellPlace(): void {
    const at = this.#editor.getPosition()
    if (at === null || this.#shown === null) return
    const language = languageOf(this.#shownPath).name
    const tab = this.#editor.hasTextFocus() ? tabUse(this.#editor) : null
    this.place.set({ line: at.lineNumber, column: at.column, language, tab })
  }
}

/** In a text that is read only Monaco leaves the Tab key to the page, whatever its option says. */
function tabUse(editor: monaco.editor.IStandaloneCodeEditor): TabUse {
  const { readOnly, tabFocusMode } = monaco.editor.EditorOption
  if (editor.getOption(readOnly)) return 'only-leaves'
  return editor.getOption(tabFocusMode) ? 'leaves' : 'indents'
}

/** Monaco's own command for these keys turns a switch that nobody can read: here it is the editor's option, so that the page says it. */
function freeTabByKeys(editor: monaco.editor.IStandaloneCodeEditor): void {
  const { CtrlCmd, Shift, WinCtrl } = monaco.KeyMod
  const modifiers = isMac ? WinCtrl | Shift : CtrlCmd
  editor.addCommand(modifiers | monaco.KeyCode.KeyM, () => {
    const now = tabUse(editor)
    if (now === 'only-leaves') return announce('Tab leaves the editor: this text is read only.')
    const leaves = now === 'indents'
    editor.updateOptions({ tabFocusMode: leaves })
    announce(leaves ? 'Tab leaves the editor now.' : 'Tab indents now.')
  })
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
