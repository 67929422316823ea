// Names as people see them: what hides or turns letters is written out, and what scripts and emoji need is left alone.
import { expect, test } from 'vitest'
import { shownName, shownPath, shownText } from '../../app/ui/shown-name.ts'

test('a name that turns its own letters around, or holds what cannot be seen, is shown with that written out', () => {
  expect(shownName('photo\u202egnp.exe')).toBe('photo⟨U+202E⟩gnp.exe')
  expect(shownName('ma\u200bin.py')).toBe('ma⟨U+200B⟩in.py')
  expect(shownName('a\u200db')).toBe('a⟨U+200D⟩b')
  expect(shownName('\u3164')).toBe('⟨U+3164⟩')
  expect(shownName('a\u00a0b\ufeff')).toBe('a⟨U+00A0⟩b⟨U+FEFF⟩')
  expect(shownName(' main.py ')).toBe('⟨space⟩main.py⟨space⟩')
  expect(shownPath('sr\u00adc/two words')).toBe('sr⟨U+00AD⟩c/two words')
})

test('names of any script, and joined emoji, are shown as they are', () => {
  for (const name of [
    'main.py',
    'två ord.md',
    'תוכנית.py',
    'می\u200cخواهم.txt',
    '👩\u200d💻.ts',
    '日本語.txt',
    'é.txt',
  ])
    expect(shownName(name)).toBe(name)
})

test('a quoted line keeps its spaces and shows where its order would be turned', () => {
  expect(shownText('  if (a) \u2066// x')).toBe('  if (a) ⟨U+2066⟩// x')
})
