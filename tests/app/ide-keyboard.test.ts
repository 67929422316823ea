// @vitest-environment happy-dom
// Who may have the keyboard when the editor's text or a new terminal comes late.
import { beforeEach, expect, test } from 'vitest'
import { isOverlayOpen, isStillFree } from '../../app/ide/keyboard.ts'

beforeEach(() => {
  document.body.innerHTML = `
    <button id="plus"></button>
    <div class="monaco-editor"><div role="dialog" class="find-widget"></div><textarea id="text"></textarea></div>
    <div id="menu" role="menu" data-state="closed"></div>`
})
const at = (id: string): HTMLElement => document.getElementById(id) ?? document.body

test('the keyboard is not taken while a menu is open, and the find box of the editor is none', () => {
  at('plus').focus()
  expect(isOverlayOpen()).toBe(false)
  expect(isStillFree(at('plus'))).toBe(true)
  at('menu').dataset['state'] = 'open'
  expect(isOverlayOpen()).toBe(true)
  expect(isStillFree(at('plus'))).toBe(false)
})

test('a terminal that comes late takes the keyboard from where it was asked for, not from where somebody went to type', () => {
  at('text').focus()
  expect(isStillFree(at('plus'))).toBe(false)
  expect(isStillFree(at('text'))).toBe(true)
  const palette = document.createElement('input')
  expect(isStillFree(palette)).toBe(true)
})
