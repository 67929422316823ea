// Shows where others are in the shown document and tells them where we are: carets with names, selections. It edits nothing.
import * as Y from 'yjs'
import { z } from 'zod'
import { presenceColors, PresenceUser } from '../../../protocol/presence.ts'
import { createScope } from '../scope.ts'
import type { BoundDocument } from './binding.ts'
import { monaco } from './monaco.ts'
import { createPeerCaret, type PeerCaret } from './peer-caret.ts'

type Editor = monaco.editor.IStandaloneCodeEditor

/** At most so many milliseconds between two messages about our own cursor. */
const tellMs = 60

const Selection = z.object({ anchor: z.unknown(), head: z.unknown() })
const PeerState = z.object({ user: PresenceUser, selection: Selection.nullable().optional() })

/** Runs while `bound` is the editor's shown document. */
export function showCursors(editor: Editor, bound: BoundDocument): () => void {
  const scope = createScope()
  scope.add(tellOwnCursor(editor, bound))
  const { awareness } = bound.document.room.provider
  const carets = new Map<number, PeerCaret>()
  const selections = editor.createDecorationsCollection()
  const draw = (): void => {
    const marks: monaco.editor.IModelDeltaDecoration[] = []
    const here = new Set<number>()
    for (const [peer, state] of awareness.getStates()) {
      if (peer === awareness.clientID) continue
      const place = placeOf(state, bound)
      if (place === null) continue
      here.add(peer)
      const caret = carets.get(peer) ?? createPeerCaret(editor)
      carets.set(peer, caret)
      caret.show(place.user, place.head)
      if (!place.range.isEmpty()) {
        const color = (place.user.colorIndex % presenceColors) + 1
        marks.push({ range: place.range, options: { className: `peer-selection peer-${color}` } })
      }
    }
    for (const [peer, caret] of carets) {
      if (here.has(peer)) continue
      caret.dispose()
      carets.delete(peer)
    }
    selections.set(marks)
  }
  // Thirty people may move between two pictures of the screen: drawn once for each.
  let due: number | null = null
  const soon = (): void => {
    due ??= requestAnimationFrame(() => {
      due = null
      draw()
    })
  }
  scope.add(() => due !== null && cancelAnimationFrame(due))
  awareness.on('change', soon)
  scope.add(() => awareness.off('change', soon))
  bound.document.text.observe(soon)
  scope.add(() => bound.document.text.unobserve(soon))
  scope.add(() => {
    for (const caret of carets.values()) caret.dispose()
    selections.clear()
  })
  draw()
  return scope.dispose
}

type Place = { user: PresenceUser; head: monaco.Position; range: monaco.Range }

function placeOf(state: unknown, { document, model }: BoundDocument): Place | null {
  const parsed = PeerState.safeParse(state)
  if (!parsed.success || !parsed.data.selection) return null
  const at = (position: unknown): monaco.Position | null => {
    const found = absolute(position, document.doc)
    return found?.type === document.text ? model.getPositionAt(found.index) : null
  }
  const anchor = at(parsed.data.selection.anchor)
  const head = at(parsed.data.selection.head)
  if (anchor === null || head === null) return null
  return { user: parsed.data.user, head, range: monaco.Range.fromPositions(...inOrder(anchor, head)) }
}

function inOrder(a: monaco.Position, b: monaco.Position): [monaco.Position, monaco.Position] {
  return a.isBeforeOrEqual(b) ? [a, b] : [b, a]
}

/** A peer may send anything as a position. */
function absolute(position: unknown, doc: Y.Doc): Y.AbsolutePosition | null {
  try {
    return Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(position), doc)
  } catch {
    return null
  }
}

function tellOwnCursor(editor: Editor, { document, model }: BoundDocument): () => void {
  const { awareness } = document.room.provider
  let timer: ReturnType<typeof setTimeout> | undefined
  let told = ''
  const tell = (): void => {
    timer = undefined
    const selection = editor.getModel() === model ? editor.getSelection() : null
    if (selection === null) return
    const at = (line: number, column: number): Y.RelativePosition =>
      Y.createRelativePositionFromTypeIndex(document.text, model.getOffsetAt({ lineNumber: line, column }))
    const next = {
      anchor: at(selection.selectionStartLineNumber, selection.selectionStartColumn),
      head: at(selection.positionLineNumber, selection.positionColumn),
    }
    const text = JSON.stringify(next)
    if (text === told) return
    told = text
    awareness.setLocalStateField('selection', next)
  }
  const soon = (): void => {
    timer ??= setTimeout(tell, tellMs)
  }
  const stop = editor.onDidChangeCursorSelection(soon)
  soon()
  return () => {
    clearTimeout(timer)
    stop.dispose()
    awareness.setLocalStateField('selection', null)
  }
}
