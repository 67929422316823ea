// A person as initials on one of the eight presence colours; the ninth wears a hatched ground, so that colour is never alone.
import { Tooltip } from './tooltip.tsx'

export const presenceColours = 8

/** At most two letters: of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  const first = [...(words[0] ?? '')][0] ?? '?'
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : ''
  return (first + last).toUpperCase()
}

/** The CSS colour of the person with `index` in the room (0 is the first). */
export function presenceColour(index: number): string {
  return `var(--presence-${(index % presenceColours) + 1})`
}

interface AvatarProps {
  name: string
  /** Index given by the room; without it the person is shown in quiet colours. */
  index?: number
  size?: number
  /** Said after the name, for example "in main.py". */
  say?: string
  /** The name stands beside it as text: who listens hears it once. */
  isBesideName?: boolean
}

const hatch = 'repeating-linear-gradient(45deg, transparent 0 3px, rgb(0 0 0 / 28%) 3px 5px)'

export function Avatar({ name, index, size = 24, say, isBesideName = false }: AvatarProps) {
  const coloured = index !== undefined
  const label = say === undefined ? name : `${name}, ${say}`
  const look = coloured
    ? { background: presenceColour(index), color: 'var(--presence-ink)' }
    : { background: 'var(--hover)', color: 'var(--ink)' }
  const hatched = coloured && index >= presenceColours ? { backgroundImage: hatch } : {}
  return (
    <Tooltip text={label}>
      <span
        {...(isBesideName ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
        className="inline-flex shrink-0 items-center justify-center rounded-full font-semibold select-none forced-colors:border"

        style={{ ...look, ...hatched, width: size, height: size, fontSize: Math.round(size * 0.42) }}
      >
        {initials(name)}
      </span>
    </Tooltip>
  )
}
