// Makes invite links for a role, a time and a number of uses, and lists those that were made, with the way to take them back.
import { Check, Copy } from 'lucide-react'
import { useCallback, useState } from 'react'
import { asAppError } from '../../../protocol/errors.ts'
import { Button } from '../../ui/button.tsx'
import { inputClasses } from '../../ui/field.tsx'
import { useWorkbench } from '../workbench-context.ts'
import { LinkList } from './link-list.tsx'
import { makeInvite, readInvites, type InviteLink, type NewLink, type SharedRole } from './share-door.ts'
import { useAsked } from '../use-asked.ts'

const roles: { value: SharedRole; title: string; say: string }[] = [
  { value: 'editor', title: 'Editor', say: 'types in files and terminals, and runs the program' },
  { value: 'viewer', title: 'Viewer', say: 'reads and watches, and changes nothing' },
]
const times = [
  { value: 1, label: 'for 1 hour' },
  { value: 24, label: 'for 1 day' },
  { value: 7 * 24, label: 'for 7 days' },
  { value: 30 * 24, label: 'for 30 days' },
]
/** 0 stands for no limit. */
const counts = [
  { value: 0, label: 'everybody who opens it' },
  { value: 1, label: 'one person' },
  { value: 5, label: '5 people' },
  { value: 30, label: '30 people' },
]

export function LinksPanel() {
  const { repl } = useWorkbench()
  const read = useCallback(() => readInvites(repl.id), [repl.id])
  const links = useAsked(read)
  const [wish, setWish] = useState<NewLink>({ role: 'editor', hours: 7 * 24, most: null })
  const [made, setMade] = useState<{ link?: InviteLink; error?: string; busy?: boolean }>({})
  const choose = (next: Partial<NewLink>): void => {
    setWish((now) => ({ ...now, ...next }))
    setMade({})
  }
  const make = (): void => {
    setMade({ busy: true })
    void links.change(() =>
      makeInvite(repl.id, wish).then(
        (link) => setMade({ link }),
        (thrown: unknown) => setMade({ error: asAppError(thrown).say }),
      ),
    )
  }
  return (
    <>
      <RoleChoice role={wish.role} onRole={(role) => choose({ role })} />
      <div className="mt-3 grid gap-3 sm:grid-cols-2">
        <Choice
          label="The link is good"
          value={wish.hours}
          options={times}
          onChange={(hours) => choose({ hours })}
        />
        <Choice
          label="It lets in"
          value={wish.most ?? 0}
          options={counts}
          onChange={(most) => choose({ most: most === 0 ? null : most })}
        />
      </div>
      <div className="mt-4">
        {made.link === undefined ? (
          <Button look="primary" busy={made.busy ?? false} onClick={make} className="w-full">
            Make a link for {wish.role === 'editor' ? 'an editor' : 'a viewer'}
          </Button>
        ) : (
          <MadeLink url={made.link.url} />
        )}
        {made.error !== undefined && (
          <p role="alert" className="mt-2 text-bad">
            {made.error}
          </p>
        )}
      </div>
      <LinkList links={links} made={made.link?.code} onRevoked={() => setMade({})} />
    </>
  )
}

function RoleChoice({ role, onRole }: { role: SharedRole; onRole: (role: SharedRole) => void }) {
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium">Who opens the link joins as</legend>
      <div className="grid gap-2 sm:grid-cols-2">
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
              onChange={() => onRole(value)}
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
  )
}

interface ChoiceProps {
  label: string
  value: number
  options: { value: number; label: string }[]
  onChange: (value: number) => void
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <label className="block">
      <span className="mb-1 block font-medium">{label}</span>
      <select
        value={value}
        onChange={(event) => onChange(Number(event.target.value))}
        className={inputClasses}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  )
}

function MadeLink({ url }: { url: string }) {
  const [isCopied, setCopied] = useState(false)
  // On a plain http address browsers give no clipboard; the field is selected to copy by hand.
  const copy = (): void => void navigator.clipboard?.writeText(url).then(() => setCopied(true))
  return (
    <div className="flex gap-2">
      <input
        readOnly
        aria-label="Invite link"
        data-testid="invite-link"
        value={url}
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
