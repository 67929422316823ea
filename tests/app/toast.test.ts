// @vitest-environment happy-dom
// Where a toast comes: never over the element that has the keyboard.
import { toast as shown } from 'sonner'
import { beforeEach, expect, test, vi } from 'vitest'
import { toast } from '../../app/ui/toast.tsx'

/** The place of the cursor, as terminals and the editor put the element there that listens to keys. */
function placeAfterFocus(width: number, at: { x: number; y: number } | null): string {
  vi.stubGlobal('innerWidth', width)
  vi.stubGlobal('innerHeight', 900)
  const input = document.getElementById('keys') ?? document.body
  input.getBoundingClientRect = () => new DOMRect(at?.x ?? 0, at?.y ?? 0, 8, 21)
  if (at === null) input.blur()
  else input.focus()
  toast('python3 listens on 3000', { id: 'port-3000' })
  const made = shown.getToasts().at(-1)
  return made !== undefined && 'position' in made ? String(made.position) : ''
}

beforeEach(() => {
  document.body.innerHTML = '<textarea id="keys"></textarea>'
  return () => vi.unstubAllGlobals()
})

test('a toast comes at the lower corner, and at the upper one while it would stand over the keyboard', () => {
  expect(placeAfterFocus(1440, null)).toBe('bottom-right')
  expect(placeAfterFocus(1440, { x: 253, y: 850 })).toBe('bottom-right')
  expect(placeAfterFocus(1440, { x: 1200, y: 850 })).toBe('top-right')
  expect(placeAfterFocus(1440, { x: 1200, y: 400 })).toBe('bottom-right')
  // On a phone it takes the whole width.
  expect(placeAfterFocus(390, { x: 12, y: 780 })).toBe('top-right')
  expect(placeAfterFocus(390, { x: 12, y: 300 })).toBe('bottom-right')
})
