// Monaco's two themes, made of the page's own tokens so that the editor is part of the same surface. It chooses none.
import { isDark, isForced, type Worn } from '../../ui/theme.tsx'
import { tokenColor as color } from '../token-color.ts'
import { monaco } from './monaco.ts'

type Ink = { keyword: string; string: string; number: string; type: string; name: string; comment: string }

/** Syntax inks: each at least 4.5:1 on its ground. */
const inks: Record<'light' | 'dark', Ink> = {
  light: {
    keyword: '7a3fc4',
    string: '1a7f4b',
    number: 'b34700',
    type: '0b7285',
    name: '1d5fc4',
    comment: '66707f',
  },
  dark: {
    keyword: 'c79bff',
    string: '7fd6a2',
    number: 'ff9e64',
    type: '4fd1c5',
    name: '7ab0ff',
    comment: '8590a0',
  },
}

function rules(ink: Ink): monaco.editor.ITokenThemeRule[] {
  return [
    { token: 'comment', foreground: ink.comment, fontStyle: 'italic' },
    { token: 'keyword', foreground: ink.keyword },
    { token: 'string', foreground: ink.string },
    { token: 'string.key', foreground: ink.name },
    { token: 'string.escape', foreground: ink.number },
    // Monaco calls Python's quotes escapes.
    { token: 'string.escape.python', foreground: ink.string },
    { token: 'regexp', foreground: ink.number },
    { token: 'number', foreground: ink.number },
    { token: 'constant', foreground: ink.number },
    { token: 'type', foreground: ink.type },
    { token: 'tag', foreground: ink.name },
    { token: 'attribute.name', foreground: ink.type },
    { token: 'attribute.value', foreground: ink.string },
    { token: 'metatag', foreground: ink.keyword },
    { token: 'variable', foreground: ink.name },
    { token: 'strong', fontStyle: 'bold' },
    { token: 'emphasis', fontStyle: 'italic' },
  ]
}

/** Under forced colours one of Monaco's own for high contrast, or it would put that in place of ours. */
function baseOf(worn: Worn): monaco.editor.BuiltinTheme {
  if (isForced(worn)) return isDark(worn) ? 'hc-black' : 'hc-light'
  return isDark(worn) ? 'vs-dark' : 'vs'
}

/** What is selected wears the system's own two colours, whole. */
function forcedColors(accent: string): monaco.editor.IColors {
  return {
    contrastBorder: color('--line'),
    contrastActiveBorder: accent,
    'editor.selectionBackground': accent,
    'editor.inactiveSelectionBackground': accent,
    'editor.selectionForeground': color('--on-accent'),
  }
}

/** Reads the tokens as they are worn now and gives them to every editor. */
export function wearTheme(worn: Worn): void {
  const accent = color('--accent')
  monaco.editor.defineTheme('devex', {
    base: baseOf(worn),
    inherit: true,
    rules: [
      { token: '', foreground: color('--ink').slice(1) },
      ...rules(inks[isDark(worn) ? 'dark' : 'light']),
    ],
    colors: {
      'editor.background': color('--ground'),
      'editor.foreground': color('--ink'),
      'editorLineNumber.foreground': color('--edge'),
      'editorLineNumber.dimmedForeground': color('--edge'),
      'editorLineNumber.activeForeground': color('--ink'),
      'editor.lineHighlightBackground': color('--surface'),
      // The shown line has no ground of its own then.
      'editor.lineHighlightBorder': isForced(worn) ? `${color('--ink')}66` : '#00000000',
      'editor.selectionBackground': `${accent}40`,
      'editor.inactiveSelectionBackground': `${accent}26`,
      'editorCursor.foreground': accent,
      'editorIndentGuide.background1': color('--line'),
      'editorIndentGuide.activeBackground1': color('--edge'),
      'editorWidget.background': color('--raised'),
      'editorWidget.border': color('--line'),
      'editorHoverWidget.background': color('--raised'),
      'editorHoverWidget.border': color('--line'),
      'editorSuggestWidget.background': color('--raised'),
      'editorSuggestWidget.border': color('--line'),
      'editorSuggestWidget.selectedBackground': color('--hover'),
      'editorSuggestWidget.selectedForeground': color('--ink'),
      'editorStickyScroll.background': color('--ground'),
      'editorOverviewRuler.border': '#00000000',
      'scrollbar.shadow': '#00000000',
      'scrollbarSlider.background': `${color('--edge')}40`,
      'scrollbarSlider.hoverBackground': `${color('--edge')}66`,
      'widget.shadow': '#00000026',
      'input.background': color('--ground'),
      'input.border': color('--edge'),
      focusBorder: accent,
      ...(isForced(worn) ? forcedColors(accent) : {}),
    },
  })
  monaco.editor.setTheme('devex')
}
