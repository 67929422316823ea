// Moves the keyboard from region to region of the workbench with F6 and Shift+F6, out of editor and terminal too.
import { listen } from './scope.ts'

/** A region is marked `data-region`; the element to focus in it may be marked `data-region-entry`. */
function focusRegion(region: HTMLElement): void {
  const entries = [
    ...region.querySelectorAll<HTMLElement>('[data-region-entry], textarea, .native-edit-context'),
  ]
  const entry = entries.find(isSeen)
  ;(entry ?? region).focus()
}

/** What is hidden takes no keyboard, even where it holds its place: a terminal behind the shown one. */
function isSeen(element: HTMLElement): boolean {
  return element.getClientRects().length > 0 && getComputedStyle(element).visibility === 'visible'
}

/** The keyboard goes to the region of this name, if it is shown. */
export function goToRegion(name: string): void {
  const region = document.querySelector<HTMLElement>(`[data-region="${name}"]`)
  if (region !== null) focusRegion(region)
}

export function stepRegion(by: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter(isSeen)
  if (regions.length === 0) return
  const at = regions.findIndex((region) => region.contains(document.activeElement))
  const from = at < 0 && by < 0 ? 0 : at
  const next = regions[(from + by + regions.length) % regions.length]
  if (next !== undefined) focusRegion(next)
}

export function walkRegions(): () => void {
  return listen(document, 'keydown', (event) => {
    if (!(event instanceof KeyboardEvent) || event.key !== 'F6') return
    event.preventDefault()
    stepRegion(event.shiftKey ? -1 : 1)
  })
}
