// Words that a story types and finds again one by one, and the page's own account of its connection meanwhile.
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { eventually } from '../support/eventually.ts'
import * as screen from './screen.ts'

export const words = (story: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${story}${String(at).padStart(2, '0')}`)

export const timesIn = (text: string, word: string): number => text.split(word).length - 1

export function expectEachOnce(text: string, expected: string[]): void {
  expect(expected.filter((word) => timesIn(text, word) !== 1)).toEqual([])
}

export async function typeAtEnd(page: Page, typed: string[]): Promise<void> {
  await screen.focusEditor(page)
  await page.keyboard.press('Control+End')
  for (const word of typed) await Promise.all(Array.from(` ${word}`, (key) => page.keyboard.type(key)))
}

export async function allKept(page: Page): Promise<void> {
  await page.locator('[data-testid=status][data-kept=true]').waitFor()
}

/** Waits until the last of them is in the file, and sees that each is there once. */
export async function eachOnceIn(file: string, typed: string[]): Promise<void> {
  const text = (): string => readFileSync(file, 'utf8')
  await eventually(() => timesIn(text(), typed.at(-1) ?? '') >= 1, 30_000)
  expectEachOnce(text(), typed)
}

export type Said = { word: string; say: string }

/** From now on keeps every connection word that the page shows, however briefly. */
export async function listen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const kept: { word: string; say: string }[] = []
    Object.assign(window, { saidWords: kept })
    const look = (): void => {
      const bar = document.querySelector<HTMLElement>('[data-testid=status]')
      const word = bar?.dataset['connection'] ?? ''
      const say = bar?.querySelector('[data-testid=connection-words]')?.textContent ?? ''
      const last = kept.at(-1)
      if (last?.word !== word || last.say !== say) kept.push({ word, say })
    }
    look()
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
      attributeFilter: ['data-connection'],
    })
  })
}

/** What was shown since the last time; undefined in a page that was reloaded. */
export async function saidBy(page: Page): Promise<Said[]> {
  return page.evaluate(() => {
    const kept: Said[] = Reflect.get(window, 'saidWords')
    return kept.splice(0, kept.length - 1)
  })
}
