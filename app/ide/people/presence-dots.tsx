// Small dots that say who is in a file or a terminal, seen without pointing at anything.
import { presenceColour } from '../../ui/avatar.tsx'
import type { Present } from './presence.ts'

/** So many dots fit in a row; more are told as a number. */
const mostDots = 3

const listed = new Intl.ListFormat('en', { type: 'conjunction' })

export function PresenceDots({ people }: { people: Present[] }) {
  if (people.length === 0) return null
  const names = listed.format(people.map((person) => person.user.name))
  return (
    <span
      className="flex shrink-0 items-center gap-0.5"
      role="img"
      aria-label={`${names} here`}
      title={`${names} here`}
    >
      {people.slice(0, mostDots).map(({ user }) => (
        <span
          key={user.id}
          className="flex size-3.5 items-center justify-center rounded-full text-[9px] leading-none font-semibold forced-colors:border"
          style={{ background: presenceColour(user.colorIndex), color: 'var(--presence-ink)' }}
        >
          {[...user.name][0]?.toUpperCase()}
        </span>
      ))}
      {people.length > mostDots && <span className="text-label text-muted">+{people.length - mostDots}</span>}
    </span>
  )
}
