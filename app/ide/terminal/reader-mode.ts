// Whether terminals write their text for screen readers too: asked for by the person, and kept in their browser. Costs work with each line.
import { createStore, type Readable } from '../store.ts'

const key = 'devex-terminal-reader'

const mode = createStore(typeof localStorage !== 'undefined' && localStorage.getItem(key) === 'on')

export const readerMode: Readable<boolean> = mode

export function setReaderMode(isOn: boolean): void {
  localStorage.setItem(key, isOn ? 'on' : 'off')
  mode.set(isOn)
}
