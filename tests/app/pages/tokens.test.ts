// The colours: both dark blocks are the same, and every text is readable on every ground it stands on.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const css = readFileSync(new URL('../../../app/ui/tokens.css', import.meta.url), 'utf8')

function tokensOf(selector: string): Record<string, string> {
  const from = css.indexOf(`${selector} {`)
  const block = css.slice(from, css.indexOf('}', from))
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((match) => [match[1]!, match[2]!]),
  )
}

const light = tokensOf(':root')
const dark = tokensOf(":root[data-theme='dark']")

function luminance(hex: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
  const [r, g, b] = parts.map((part) => (part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high! + 0.05) / (low! + 0.05)
}

test('who follows the system gets the same dark', () => {
  expect(tokensOf(":root[data-theme='system']")).toEqual(dark)
})

test.each([
  ['light', light],
  ['dark', dark],
] as const)('%s: text 4.5:1 on every ground, edges 3:1', (_name, theme) => {
  for (const ground of ['ground', 'surface', 'raised']) {
    for (const ink of ['ink', 'muted', 'accent', 'ok', 'warn', 'bad']) {
      expect.soft(contrast(theme[ink]!, theme[ground]!), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5)
    }
    expect.soft(contrast(theme['edge']!, theme[ground]!), `edge on ${ground}`).toBeGreaterThanOrEqual(3)
  }
  for (const ink of ['ink', 'muted'])
    expect.soft(contrast(theme[ink]!, theme['hover']!), `${ink} on hover`).toBeGreaterThanOrEqual(4.5)
  for (const [ink, ground] of [
    ['on-accent', 'accent'],
    ['on-bad', 'bad'],
    ['ok', 'ok-soft'],
    ['warn', 'warn-soft'],
    ['bad', 'bad-soft'],
    ['accent', 'accent-soft'],
  ] as const) {
    expect.soft(contrast(theme[ink]!, theme[ground]!), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5)
  }
  for (let index = 1; index <= 8; index++) {
    expect
      .soft(contrast(theme[`presence-${index}`]!, theme['presence-ink']!), `presence ${index}`)
      .toBeGreaterThanOrEqual(4.5)
  }
})
