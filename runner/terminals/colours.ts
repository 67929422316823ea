// Colours and styles as the control sequence that sets them. Knows nothing of screens.
import type { Attributes } from './emulator.ts'

/** The sequence sets exactly these: it begins from none. */
export function colours(of: Attributes): string {
  const styles: [number, number][] = [
    [of.isBold(), 1],
    [of.isDim(), 2],
    [of.isItalic(), 3],
    [of.isUnderline(), 4],
    [of.isBlink(), 5],
    [of.isInverse(), 7],
    [of.isInvisible(), 8],
    [of.isStrikethrough(), 9],
    [of.isOverline(), 53],
  ]
  const on = styles.filter(([is]) => is !== 0).map(([, code]) => code)
  return `\u001b[${[0, ...on, ...foreground(of), ...background(of)].join(';')}m`
}

function foreground(of: Attributes): number[] {
  const colour = of.getFgColor()
  if (of.isFgRGB()) return [38, ...rgb(colour)]
  return of.isFgPalette() ? palette(colour, 30) : []
}

function background(of: Attributes): number[] {
  const colour = of.getBgColor()
  if (of.isBgRGB()) return [48, ...rgb(colour)]
  return of.isBgPalette() ? palette(colour, 40) : []
}

/** The sixteen named colours have codes of their own; the other half of them is 60 further on. */
function palette(colour: number, base: number): number[] {
  if (colour < 8) return [base + colour]
  return colour < 16 ? [base + 60 + colour - 8] : [base + 8, 5, colour]
}

function rgb(colour: number): number[] {
  return [2, (colour >> 16) & 255, (colour >> 8) & 255, colour & 255]
}
