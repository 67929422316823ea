// What must be seen of the workbench when the system forces its colours: measured in the page, as it is painted.
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { eventually } from '../support/eventually.ts'
import * as screen from './screen.ts'

/** Text on its ground, as WCAG 1.4.3 has it. */
const legible = 4.5

const style = (part: Locator, property: string): Promise<string> =>
  part.evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), property)

function luminance(colour: string): number {
  const parts = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => Number(part) / 255)
  const [red = 0, green = 0, blue = 0] = parts.map((part) =>
    part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  )
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (high + 0.05) / (low + 0.05)
}

/** The workbench is shown with a file and a terminal open, in forced colours. */
export async function looksForced(page: Page): Promise<void> {
  const canvas = await style(page.locator('body'), 'background-color')
  const run = page.getByTestId('run')
  expect(contrast(await style(run, 'color'), await style(run, 'background-color'))).toBeGreaterThan(legible)
  // Else the system paints a ground of its own behind the words.
  expect(await style(run, 'forced-color-adjust')).toBe('none')
  const bare = await page
    .locator('button.inline-flex:visible')
    .evaluateAll((all) =>
      all.filter((one) => getComputedStyle(one).borderTopWidth === '0px').map((one) => one.outerHTML),
    )
  expect(bare).toEqual([])
  expect(await style(page.getByTestId('people').getByRole('img').first(), 'border-top-width')).toBe('1px')
  expect(await style(screen.treeItem(page, 'main.py'), 'background-image')).toContain('gradient')
  for (const tab of await page.locator('[role=tab][aria-selected=true]').all())
    expect(await style(tab.locator('xpath=../span').first(), 'background-color')).not.toBe(canvas)
  await editorIsLegible(page, canvas)
  expect(contrast(await style(page.locator('.xterm:visible'), 'color'), canvas)).toBeGreaterThan(legible)
  await overlaysShowWhatIsChosen(page)
}

async function editorIsLegible(page: Page, canvas: string): Promise<void> {
  const ground = page.locator('.monaco-editor-background').first()
  await eventually(async () => (await style(ground, 'background-color')) === canvas)
  const inks = await page
    .locator('.view-lines span[class^=mtk]')
    .evaluateAll((all) => all.map((one) => getComputedStyle(one).color))
  expect(inks.filter((ink) => contrast(ink, canvas) < legible)).toEqual([])
  await screen.focusEditor(page)
  await page.keyboard.press('Control+A')
  const chosen = page.locator('.view-lines .inline-selected-text').first()
  const marked = await style(page.locator('.selected-text').first(), 'background-color')
  expect(contrast(await style(chosen, 'color'), marked)).toBeGreaterThan(legible)
  await page.keyboard.press('ArrowLeft')
}

async function overlaysShowWhatIsChosen(page: Page): Promise<void> {
  await page.keyboard.press('Control+K')
  const row = page.locator('[cmdk-item][data-selected=true]')
  expect(await style(row, 'outline')).toMatch(/solid 2px/)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Share' }).click()
  const [on, off] = [page.getByRole('tab', { selected: true }), page.getByRole('tab', { selected: false })]
  const dialog = page.getByRole('dialog')
  const lines = await Promise.all(
    [on, off].map((tab) => style(tab.and(dialog.locator('[role=tab]')).first(), 'border-bottom-color')),
  )
  expect(lines[0]).not.toBe(lines[1])
  const role = dialog.locator('label:has(input:checked)')
  expect(await style(role, 'background-image')).toContain('gradient')
  await page.keyboard.press('Escape')
}
