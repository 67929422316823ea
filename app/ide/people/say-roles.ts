// Says to the person of this page that their role has changed, and by whom. What follows from the role follows it by itself.
import type { Role } from '../../../protocol/access.ts'
import { announce } from '../../ui/live-region.tsx'
import type { Link } from '../link/link.ts'

const nowWords: Record<Role, string> = {
  owner: 'You own this REPL now.',
  editor: 'You can edit here now.',
  viewer: 'You are a viewer here now: you read and watch.',
}

/** `role`: what the page was loaded with. The answer ends it. */
export function sayRoles(
  link: Pick<Link, 'doors' | 'phase' | 'roleTold'>,
  parts: { role: Role; say: (words: string) => void },
): () => void {
  let known = parts.role
  const look = (): void => {
    const role = link.doors.latest.get()?.role ?? known
    if (role === known) return
    known = role
    const told = link.roleTold.get()
    // Changed while this page was away: nobody told it by whom.
    const words = told?.role === role ? told.say : nowWords[role]
    parts.say(words)
    announce(words, 'urgent')
  }
  const out = (): void => {
    const now = link.phase.get()
    if (now.phase === 'refused' && now.isOut) announce(now.say, 'urgent')
  }
  const stops = [link.doors.latest.subscribe(look), link.phase.subscribe(out)]
  return () => stops.forEach((stop) => stop())
}
