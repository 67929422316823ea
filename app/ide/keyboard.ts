// Who may have the keyboard when something that was asked for comes late. It moves no focus itself.

const overlays = ['menu', 'dialog', 'alertdialog'].map((role) => `[role="${role}"][data-state="open"]`).join()
const typingPlaces = '.monaco-editor, .xterm, input, textarea'

/** A menu or dialog is open: it closes, or is typed past, when something else takes the keyboard. */
export const isOverlayOpen = (): boolean => document.querySelector(overlays) !== null

/** True unless the person, since they were at `from`, went to type elsewhere. */
export function isStillFree(from: Element | null): boolean {
  const now = document.activeElement
  if (isOverlayOpen()) return false
  return now === from || from?.isConnected !== true || now?.closest(typingPlaces) == null
}
