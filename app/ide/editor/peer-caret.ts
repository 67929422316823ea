// One other person's caret in the editor: a thin flag, and their name for a moment after it moved or under the pointer.
import { presenceColors, type PresenceUser } from '../../../protocol/presence.ts'
import { monaco } from './monaco.ts'

/** Milliseconds that a name stays after a movement. */
const nameMs = 2_000

export type PeerCaret = {
  show: (user: PresenceUser, at: monaco.Position) => void
  dispose: () => void
}

let carets = 0

export function createPeerCaret(editor: monaco.editor.IStandaloneCodeEditor): PeerCaret {
  const node = document.createElement('div')
  const name = document.createElement('span')
  name.className = 'peer-name'
  node.append(name)
  let position: monaco.Position | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  carets += 1
  const id = `peer-caret-${carets}`
  const widget: monaco.editor.IContentWidget = {
    getId: () => id,
    getDomNode: () => node,
    getPosition: () => ({
      position,
      preference: [monaco.editor.ContentWidgetPositionPreference.EXACT],
    }),
  }
  editor.addContentWidget(widget)
  return {
    show: (user, at) => {
      const hasMoved = position === null || !position.equals(at)
      position = at
      name.textContent = user.name
      const color = (user.colorIndex % presenceColors) + 1
      const isReused = user.colorIndex >= presenceColors
      // Above the first line there is no room for a name.
      node.className = `peer-caret peer-${color}${isReused ? ' is-reused' : ''}${at.lineNumber === 1 ? ' is-first-line' : ''}`
      if (!hasMoved) return void node.classList.toggle('is-named', timer !== undefined)
      node.classList.add('is-named')
      clearTimeout(timer)
      timer = setTimeout(() => {
        timer = undefined
        node.classList.remove('is-named')
      }, nameMs)
      editor.layoutContentWidget(widget)
    },
    dispose: () => {
      clearTimeout(timer)
      editor.removeContentWidget(widget)
    },
  }
}
