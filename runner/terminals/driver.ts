// Whose window counts: decided from who is attached, who may type and who holds the keyboard. The driver's window owns the
// size, and the driver's page answers the terminal's questions.
import type { Role } from '../../protocol/access.ts'
import { can } from '../../protocol/access.ts'
import type { Size } from '../../protocol/terminal.ts'

export type Person = { id: string; name: string; role: Role }
/** One page that is attached, in the order of attaching. `sizedAt` grows each time it tells its window. */
export type Seat = { person: Person; size: Size; sizedAt: number }

/**
 * Who holds the keyboard, or nobody while they are away. Without a holder the opener while attached, else the earliest
 * attached person who may type. Of several pages the one sized last.
 */
export function driverOf<Some extends Seat>(
  seats: readonly Some[],
  who: { opener: string | null; holder: string | null },
): Some | null {
  const typing = seats.filter((seat) =>
    who.holder === null ? can(seat.person.role, 'terminal.type') : seat.person.id === who.holder,
  )
  const person = (typing.find((seat) => seat.person.id === who.opener) ?? typing[0])?.person.id
  const pages = typing.filter((seat) => seat.person.id === person)
  return pages.reduce<Some | null>((best, seat) => (best && best.sizedAt >= seat.sizedAt ? best : seat), null)
}
