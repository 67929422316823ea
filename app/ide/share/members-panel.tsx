// Everybody with a role in this repl, for its owner: whether they are inside now, another role, or the end of it.
import { useCallback, useState } from 'react'
import { can } from '../../../protocol/access.ts'
import type { Member } from '../../../protocol/repl.ts'
import { Avatar } from '../../ui/avatar.tsx'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/dialog.tsx'
import { inputClasses } from '../../ui/field.tsx'
import { announce } from '../../ui/live-region.tsx'
import { LoadingView } from '../../ui/views.tsx'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { whereWords } from '../people/where-words.ts'
import { changeRole, readInvites, readMembers, removeMember, type SharedRole } from './share-door.ts'
import { overWords } from './link-list.tsx'
import { useAsked } from '../use-asked.ts'

export function MembersPanel() {
  const { repl } = useWorkbench()
  const read = useCallback(() => readMembers(repl.id), [repl.id])
  const { value, error, change } = useAsked(read)
  const [leaving, setLeaving] = useState<Member | null>(null)
  if (value === null) return error === null ? <LoadingView say="Looking who is in" /> : <p>{error}</p>
  const setRole = (member: Member, role: SharedRole): void =>
    void change(() => changeRole(repl.id, member.id, role)).then(() =>
      announce(`${member.name} is ${role === 'editor' ? 'an editor' : 'a viewer'} now.`),
    )
  return (
    <>
      {error !== null && (
        <p role="alert" className="mb-2 text-bad">
          {error}
        </p>
      )}
      <ul data-testid="members" className="divide-y divide-line">
        {value.map((member) => (
          <MemberRow
            key={member.id}
            member={member}
            onRole={(role) => setRole(member, role)}
            onRemove={() => setLeaving(member)}
          />
        ))}
      </ul>
      {value.length === 1 && (
        <p className="mt-3 text-muted">Nobody else yet. Make an invite link and give it away.</p>
      )}
      {leaving !== null && (
        <RemoveQuestion
          member={leaving}
          onClose={() => setLeaving(null)}
          onRemove={() => void change(() => removeMember(repl.id, leaving.id, true))}
        />
      )}
    </>
  )
}

interface MemberRowProps {
  member: Member
  onRole: (role: SharedRole) => void
  onRemove: () => void
}

function MemberRow({ member, onRole, onRemove }: MemberRowProps) {
  const { presence, terminals, person } = useWorkbench()
  const people = useStore(presence.people)
  const here = people.find(({ user }) => user.id === member.id)
  const list = useStore(terminals.list)
  const isOwner = can(member.role, 'member.change')
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 py-2" data-member={member.name}>
      <Avatar
        name={member.name}
        {...(here === undefined ? {} : { index: here.user.colorIndex })}
        size={28}
        isBesideName
      />
      <span className="min-w-32 flex-1">
        <span className="block truncate font-medium">
          {member.name}
          {member.id === person.id && <span className="font-normal text-muted"> (you)</span>}
        </span>
        <span className="block truncate text-label text-muted">
          {here === undefined
            ? 'not here now'
            : here.isMe
              ? 'here'
              : `here now, ${placeWords(whereWords(here, list, people))}`}
        </span>
      </span>
      {isOwner ? (
        <span className="text-muted">Owner</span>
      ) : (
        <span className="flex items-center gap-2 max-sm:w-full max-sm:pl-10">
          <select
            aria-label={`Role of ${member.name}`}
            value={member.role}
            onChange={(event) => onRole(event.target.value === 'editor' ? 'editor' : 'viewer')}
            className={`${inputClasses} w-auto!`}
          >
            <option value="editor">Editor</option>
            <option value="viewer">Viewer</option>
          </select>
          <Button onClick={onRemove} aria-label={`Remove ${member.name}`}>
            Remove
          </Button>
        </span>
      )}
    </li>
  )
}

const placeWords = (words: string): string => (words === 'here' ? 'in no file' : words)

interface RemoveQuestionProps {
  member: Member
  onClose: () => void
  onRemove: () => void
}

/** A guest could come again by a link that is still good: so those are taken back, too. */
function RemoveQuestion({ member, onClose, onRemove }: RemoveQuestionProps) {
  const { repl } = useWorkbench()
  const read = useCallback(() => readInvites(repl.id), [repl.id])
  const open = (useAsked(read).value ?? []).filter((link) => overWords(link) === null).length
  const links =
    open === 0
      ? ''
      : open === 1
        ? ' The invite link that is still good is taken back, too.'
        : ` All ${open} invite links that are still good are taken back, too.`
  return (
    <Confirm
      open
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={`Remove ${member.name} from ${repl.name}?`}
      say={`They are let go at once. Their work stays in the files. Programs they started go on; stop them in the terminal.${links}`}
      action={`Remove ${member.name}`}
      onConfirm={() => {
        onClose()
        onRemove()
      }}
    />
  )
}
