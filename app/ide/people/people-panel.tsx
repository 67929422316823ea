// Everybody who is here, by name, with where they are; a press goes to their file.
import { UserPlus, Users } from 'lucide-react'
import { can } from '../../../protocol/access.ts'
import { Avatar } from '../../ui/avatar.tsx'
import { IconButton } from '../../ui/button.tsx'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import type { TerminalInfo } from '../../../protocol/terminal.ts'
import type { Present } from './presence.ts'
import { whereWords } from './where-words.ts'

/** Where somebody of `people` is; of a viewer also that they only watch. */
function placeOf(person: Present, list: TerminalInfo[] | null, people: readonly Present[]): string {
  const where = whereWords(person, list, people)
  return person.user.role === 'viewer' ? `viewer, ${where}` : where
}

const roleWords = { owner: 'owner', editor: 'editor', viewer: 'viewer' } as const

export function PeoplePanel() {
  const { presence, terminals, view, link, repl } = useWorkbench()
  const role = useStore(link.doors.latest)?.role ?? repl.role
  const people = useStore(presence.people)
  const list = useStore(terminals.list)
  return (
    <section aria-label="People" className="flex h-full min-h-0 flex-col">
      <header className="flex h-(--bar-tabs) shrink-0 items-center pr-1 pl-3">
        <h2 className="flex-1 text-label font-semibold tracking-wide text-muted uppercase">
          People <span className="font-normal tabular-nums">{people.length}</span>
        </h2>
        {can(role, 'member.change') && (
          <IconButton
            label="Members and roles"
            icon={<Users size={15} aria-hidden />}
            onClick={() => view.update((now) => ({ ...now, dialog: 'members' }))}
          />
        )}
        <IconButton
          label="Invite people"
          icon={<UserPlus size={15} aria-hidden />}
          onClick={() => view.update((now) => ({ ...now, dialog: 'share' }))}
        />
      </header>
      <ul className="min-h-0 flex-1 overflow-y-auto pb-2">
        {people.map((person) => (
          <li key={person.user.id}>
            <PersonRow
              person={person}
              where={person.isMe ? roleWords[person.user.role] : placeOf(person, list, people)}
            />
          </li>
        ))}
        {people.length === 0 && <li className="px-3 py-1 text-muted">Nobody yet: connecting.</li>}
      </ul>
    </section>
  )
}

const row = 'flex h-8 w-full items-center gap-2 px-3 text-left pointer-coarse:h-10'

/** Who is in a file can be gone to. */
function PersonRow({ person, where }: { person: Present; where: string }) {
  const { tabs, view } = useWorkbench()
  const [file] = person.files
  const words = (
    <>
      <Avatar name={person.user.name} index={person.user.colorIndex} size={20} isBesideName />
      <span className="truncate">
        {person.user.name}
        {person.isMe && <span className="text-muted"> (you)</span>}
      </span>
      <span className="ml-auto truncate text-label text-muted">{where}</span>
    </>
  )
  if (person.isMe || file === undefined) return <div className={row}>{words}</div>
  const go = (): void => {
    tabs.open(file)
    view.update((now) => ({ ...now, narrow: 'editor' }))
  }
  return (
    <button type="button" onClick={go} className={`${row} -outline-offset-2 hover:bg-hover`}>
      {words}
    </button>
  )
}
