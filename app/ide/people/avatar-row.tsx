// Who is here, in the top bar: a few avatars and the number of the rest.
import { Avatar } from '../../ui/avatar.tsx'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { whereWords } from './where-words.ts'

/** So many avatars fit in the bar. */
const mostAvatars = 4

export function AvatarRow() {
  const { presence, terminals } = useWorkbench()
  const people = useStore(presence.people)
  const list = useStore(terminals.list)
  const rest = people.length - mostAvatars
  return (
    <ul aria-label="People here" data-testid="people" className="flex items-center -space-x-1.5">
      {people.slice(0, mostAvatars).map((person) => (
        <li key={person.user.id} className="rounded-full ring-2 ring-surface">
          <Avatar
            name={person.user.name}
            index={person.user.colorIndex}
            say={person.isMe ? 'you' : whereWords(person, list, people)}
          />
        </li>
      ))}
      {rest > 0 && (
        <li className="flex h-6 items-center rounded-full bg-hover px-1.5 text-label font-semibold ring-2 ring-surface forced-colors:border">
          +{rest}
        </li>
      )}
    </ul>
  )
}
