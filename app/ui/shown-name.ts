// Names made by programs and other people as they are safely shown: what is invisible or turns the order of letters is written out.
// Only for eyes: paths that are sent or compared stay as they are.

/** Invisible, or moving what stands beside it: controls, format characters, separators and blanks other than the plain space. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u2800]|\u034f|(?! )\p{Zs}/gu

/** Joiners shape many scripts and hold emoji together; between plain letters they only make two names look the same. */
function isJoinerAtWork(name: string, at: number): boolean {
  const [before, after] = [name[at - 1], name[at + 1]]
  return /[\u200c\u200d]/.test(name[at] ?? '') && isBeyondLatin(before) && isBeyondLatin(after)
}

const isBeyondLatin = (unit: string | undefined): boolean => unit !== undefined && unit > '\u024f'

const written = (character: string): string =>
  `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`

/** `name` with everything that cannot be seen written as its number; spaces at its ends, too. */
export function shownName(name: string): string {
  const visible = name.replace(hidden, (found, at: number) =>
    isJoinerAtWork(name, at) ? found : written(found),
  )
  return visible.replace(/^ +| +$/g, (spaces) => '⟨space⟩'.repeat(spaces.length))
}

/** A path: each of its names for itself. */
export function shownPath(path: string): string {
  return path.split('/').map(shownName).join('/')
}

/** Part of a text that is quoted: only what turns the order of letters is written out, so that it reads as it runs. */
export function shownText(text: string): string {
  return text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, written)
}
