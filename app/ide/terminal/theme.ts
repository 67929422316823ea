// The terminal's colours, made of the page's own tokens; the sixteen of ANSI keep their meaning in both themes.
import type { ITheme } from '@xterm/xterm'
import { isDark, type Worn } from '../../ui/theme.tsx'
import { tokenColor as color } from '../token-color.ts'

const dark = {
  black: '#39424f',
  red: '#ff7b72',
  green: '#5cc98a',
  yellow: '#f0b429',
  blue: '#7ab0ff',
  magenta: '#c79bff',
  cyan: '#4fd1c5',
  white: '#c9d1db',
}
const light = {
  black: '#1b2028',
  red: '#c4302b',
  green: '#1a7f4b',
  yellow: '#8a5a00',
  blue: '#1d5fc4',
  magenta: '#7a3fc4',
  cyan: '#0b7285',
  white: '#566070',
}

/** The colours as they are worn now. */
export function terminalTheme(worn: Worn): ITheme {
  const ansi = isDark(worn) ? dark : light
  const bright = {
    brightBlack: color('--muted'),
    brightRed: ansi.red,
    brightGreen: ansi.green,
    brightYellow: ansi.yellow,
    brightBlue: ansi.blue,
    brightMagenta: ansi.magenta,
    brightCyan: ansi.cyan,
    brightWhite: color('--ink'),
  }
  return {
    ...ansi,
    ...bright,
    background: color('--ground'),
    foreground: color('--ink'),
    cursor: color('--accent'),
    cursorAccent: color('--ground'),
    selectionBackground: `${color('--accent')}40`,
  }
}
