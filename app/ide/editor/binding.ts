// Binds one document to a Monaco model: text both ways, undo of own edits only, composition kept whole. It shows nothing.
import { MonacoBinding } from 'y-monaco'
import { createScope } from '../scope.ts'
import type { OpenDocument } from './document.ts'
import { languageOf, monaco } from './monaco.ts'

export type BoundDocument = {
  document: OpenDocument
  model: monaco.editor.ITextModel
  dispose: () => void
}

type Editor = monaco.editor.IStandaloneCodeEditor

export function bindDocument(document: OpenDocument, path: string, editor: Editor): BoundDocument {
  const scope = createScope()
  const uri = monaco.Uri.from({ scheme: 'file', path: `/${document.epoch}/${path}` })
  const model = monaco.editor.createModel(document.text.toString(), languageOf(path).id, uri)
  // Documents hold LF alone; another line end in the model would shift every offset against the shared text.
  model.setEOL(monaco.editor.EndOfLineSequence.LF)
  model.updateOptions({
    bracketColorizationOptions: { enabled: false, independentColorPoolPerBracketType: false },
  })
  const binding = new MonacoBinding(document.text, model, new Set([editor]), null)
  scope.add(() => model.dispose())
  scope.add(() => binding.destroy())
  scope.add(document.ownOrigin(binding))
  ownUndoOnly(model, document)
  return { document, model, dispose: scope.dispose }
}

/**
 * Monaco's own history holds everybody's edits, and taking one back would take back another person's. Every way to undo
 * (keys, menus, the palette, the browser's Edit menu) ends in these four methods of the model.
 */
function ownUndoOnly(model: monaco.editor.ITextModel, { undo }: OpenDocument): void {
  model.undo = () => void undo.undo()
  model.redo = () => void undo.redo()
  model.canUndo = () => undo.undoStack.length > 0
  model.canRedo = () => undo.redoStack.length > 0
}

/** While the person composes a character, others' edits wait: moving the composed text would break it. */
export function keepCompositionWhole(editor: Editor, shown: () => OpenDocument | null): () => void {
  let holding: OpenDocument | null = null
  const release = (): void => {
    holding?.room.hold(false)
    holding = null
  }
  const stops = [
    editor.onDidCompositionStart(() => {
      release()
      holding = shown()
      holding?.room.hold(true)
    }),
    // After Monaco's own handling of the end has written the last character.
    editor.onDidCompositionEnd(() => queueMicrotask(release)),
    editor.onDidBlurEditorText(release),
    editor.onDidChangeModel(release),
  ]
  return () => {
    release()
    for (const stop of stops) stop.dispose()
  }
}
