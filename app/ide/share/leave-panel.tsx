// The share dialog of somebody who does not own the repl: what they are here, who can change that, and how to leave.
import { useState } from 'react'
import { asAppError } from '../../../protocol/errors.ts'
import type { Role } from '../../../protocol/access.ts'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/dialog.tsx'
import { useWorkbench } from '../workbench-context.ts'
import { removeMember } from './share-door.ts'

export function LeavePanel({ role }: { role: Role }) {
  const { repl, person } = useWorkbench()
  const [asks, setAsks] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const leave = (): void =>
    void removeMember(repl.id, person.id, false).then(
      () => location.assign('/'),
      (thrown: unknown) => setError(asAppError(thrown).say),
    )
  return (
    <>
      <p>
        You are {role === 'editor' ? 'an editor' : 'a viewer'} here. {repl.ownerName} owns this REPL and
        invites people: ask them for a link, or for another role.
      </p>
      <Button className="mt-4" onClick={() => setAsks(true)}>
        Leave {repl.name}
      </Button>
      <Confirm
        open={asks}
        onOpenChange={setAsks}
        title={`Leave ${repl.name}?`}
        say={`You come in again only with a new invite of ${repl.ownerName}.`}
        action={`Leave ${repl.name}`}
        error={error}
        onConfirm={leave}
      />
    </>
  )
}
