// Makes an invite for a chosen role and gives its link to the person; who may do so is decided by the server.
import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { asAppError } from '../../../protocol/errors.ts'
import { can } from '../../../protocol/access.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { inputClasses } from '../../ui/field.tsx'
import { askInvite } from '../link/app-door.ts'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'

type Role = 'editor' | 'viewer'
const roles: { value: Role; title: string; say: string }[] = [
  { value: 'editor', title: 'Editor', say: 'types in files and terminals, and runs the program' },
  { value: 'viewer', title: 'Viewer', say: 'reads and watches, and changes nothing' },
]

export function ShareDialog() {
  const { view, repl, link } = useWorkbench()
  const { dialog } = useStore(view)
  const role = useStore(link.doors.latest)?.role ?? repl.role
  const close = (): void => view.update((now) => ({ ...now, dialog: null }))
  return (
    <Dialog
      open={dialog === 'share'}
      onOpenChange={(open) => !open && close()}
      title={`Share ${repl.name}`}
      say="Who opens the link is in, with the role you choose here."
    >
      {can(role, 'invite.create') ? (
        <ShareForm />
      ) : (
        <p>Only the owner, {repl.ownerName}, can invite people. Ask them for a link.</p>
      )}
    </Dialog>
  )
}

function ShareForm() {
  const { repl } = useWorkbench()
  const [role, setRole] = useState<Role>('editor')
  const [made, setMade] = useState<{ link?: string; error?: string; busy?: boolean }>({})
  const make = (): void => {
    setMade({ busy: true })
    askInvite(repl, role).then(
      (link) => setMade({ link }),
      (thrown: unknown) => setMade({ error: asAppError(thrown).say }),
    )
  }
  return (
    <>
      <fieldset>
        <legend className="mb-1.5 font-medium">They join as</legend>
        <div className="flex flex-col gap-2">
          {roles.map(({ value, title, say }) => (
            <label
              key={value}
              className="flex cursor-pointer items-start gap-2.5 rounded-lg border border-line p-3 has-checked:border-accent has-checked:bg-accent-soft"
            >
              <input
                type="radio"
                name="role"
                value={value}
                checked={role === value}
                onChange={() => {
                  setRole(value)
                  setMade({})
                }}
                className="mt-0.5 accent-(--accent)"
              />
              <span>
                <span className="block font-medium">{title}</span>
                <span className="text-muted">{say}</span>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      <div className="mt-4">
        {made.link === undefined ? (
          <Button look="primary" busy={made.busy ?? false} onClick={make} className="w-full">
            Make a link for {role === 'editor' ? 'an editor' : 'a viewer'}
          </Button>
        ) : (
          <InviteLink link={made.link} />
        )}
        {made.error !== undefined && (
          <p role="alert" className="mt-2 text-bad">
            {made.error}
          </p>
        )}
      </div>
    </>
  )
}

function InviteLink({ link }: { link: string }) {
  const [isCopied, setCopied] = useState(false)
  // On a plain http address browsers give no clipboard; the field is selected to copy by hand.
  const copy = (): void => void navigator.clipboard?.writeText(link).then(() => setCopied(true))
  return (
    <div className="flex gap-2">
      <input
        readOnly
        aria-label="Invite link"
        data-testid="invite-link"
        value={link}
        className={inputClasses}
        onFocus={(event) => event.target.select()}
      />
      <Button look="primary" onClick={copy}>
        {isCopied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
        {isCopied ? 'Copied' : 'Copy link'}
      </Button>
    </div>
  )
}
