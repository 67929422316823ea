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
      if (hasMoved) {
        clearTimeout(timer)
        timer = setTimeout(() => {
          timer = undefined
          node.classList.remove('is-named')
        }, nameMs)
      }
      // Written only when it is another one: each writing makes the browser lay the page out anew.
      if (name.textContent !== user.name) name.textContent = user.name
      const look = classesOf(user, at, timer !== undefined)
      if (node.className !== look) node.className = look
      if (hasMoved) editor.layoutContentWidget(widget)
    },
    dispose: () => {
      clearTimeout(timer)
      editor.removeContentWidget(widget)
    },
  }
}

function classesOf(user: PresenceUser, at: monaco.Position, isNamed: boolean): string {
  return [
    `peer-caret peer-${(user.colorIndex % presenceColors) + 1}`,
    ...(user.colorIndex >= presenceColors ? ['is-reused'] : []),
    // Above the first line there is no room for a name.
    ...(at.lineNumber === 1 ? ['is-first-line'] : []),
    ...(isNamed ? ['is-named'] : []),
  ].join(' ')
}
