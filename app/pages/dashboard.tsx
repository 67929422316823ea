// The list of repls with its search, its empty page and the dialog that makes one. Rows know how to change themselves.
import { Plus, Search } from 'lucide-react'
import { useRef, useState } from 'react'
import type { Repl, Template } from '../../protocol/repl.ts'
import { useNavigate } from '../framework.ts'
import { Button } from '../ui/button.tsx'
import { inputClasses } from '../ui/field.tsx'
import { isMoving } from '../ui/phase.ts'
import { EmptyView } from '../ui/views.tsx'
import { announce } from '../ui/live-region.tsx'
import { DeletedBar } from './deleted-bar.tsx'
import { DeletedList } from './deleted-list.tsx'
import { NewReplDialog } from './new-repl-dialog.tsx'
import { ReplRow } from './repl-row.tsx'
import { deletedRepls, keptRepls, matching, orderRepls } from './repl-list.ts'
import { useReplList } from './use-repl-list.ts'

/** A search box appears above this many repls: fewer are seen at a glance. */
const searchAbove = 8
/** Browsers open at most six connections to a host: no more rows than this listen to their steps at once. */
const listeningRows = 3

const makeOne =
  'A REPL holds the files of one program and runs it. Make one from a template; invite others later.'
const getOne = 'The owner makes REPLs and invites you: open the link you are sent, and it is listed here.'

interface DashboardProps {
  repls: readonly Repl[]
  templates: readonly Template[]
  /** False for a guest: only who runs the server makes repls, and a refused button helps nobody. */
  mayMake: boolean
}

function SearchBox({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <label className="relative block sm:w-56">
      <span className="sr-only">Search your REPLs</span>
      <Search size={14} aria-hidden className="absolute top-1/2 left-2.5 -translate-y-1/2 text-muted" />
      <input
        type="search"
        value={value}
        placeholder="Search"
        onChange={(event) => onChange(event.target.value)}
        className={`${inputClasses} pl-8`}
      />
    </label>
  )
}

export function Dashboard({ repls: loaded, templates, mayMake }: DashboardProps) {
  const [making, setMaking] = useState(false)
  const [search, setSearch] = useState('')
  /** Deleted on this page, the last one first: each keeps its Undo. */
  const [deleted, setDeleted] = useState<readonly Repl[]>([])
  const heading = useRef<HTMLHeadingElement>(null)
  const navigate = useNavigate()
  const { repls: all, look } = useReplList(loaded)
  const repls = keptRepls(all)
  const tombstones = deletedRepls(all)
  const forget = ({ id }: Repl): void => setDeleted((now) => now.filter((other) => other.id !== id))
  const close = (repl: Repl): void => {
    forget(repl)
    heading.current?.focus()
  }
  const back = (repl: Repl): void => {
    announce(`${repl.name} is back.`)
    forget(repl)
    void look()
  }
  const newRepl = mayMake && (
    <Button look="primary" onClick={() => setMaking(true)}>
      <Plus size={16} aria-hidden /> New REPL
    </Button>
  )
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <h1 ref={heading} tabIndex={-1} className="flex-1 text-title font-semibold outline-none">
          Your REPLs
        </h1>
        {repls.length > searchAbove && (
          <div className="order-last w-full sm:order-none sm:w-auto">
            <SearchBox value={search} onChange={setSearch} />
          </div>
        )}
        {repls.length > 0 && newRepl}
      </div>
      <div className="mt-4">
        {deleted.map((repl) => (
          <DeletedBar
            key={repl.id}
            repl={repl}
            onBack={() => {
              back(repl)
              heading.current?.focus()
            }}
            onClose={() => close(repl)}
          />
        ))}
        {repls.length === 0 ? (
          <div className="rounded-xl border border-line bg-surface">
            <EmptyView title="No REPLs yet" say={mayMake ? makeOne : getOne} action={newRepl} />
          </div>
        ) : (
          <ReplList
            repls={matching(repls, search)}
            templates={templates}
            search={search}
            onChanged={() => void look()}
            onDeleted={(repl) => {
              setDeleted((now) => [repl, ...now.filter(({ id }) => id !== repl.id)])
              announce(`${repl.name} is deleted. Undo is at hand.`)
            }}
          />
        )}
        <DeletedList
          repls={tombstones}
          onBack={(repl) => {
            back(repl)
            // With the last one the whole fold goes.
            if (tombstones.length === 1) heading.current?.focus()
          }}
        />
      </div>
      <NewReplDialog
        open={making}
        onOpenChange={setMaking}
        templates={templates}
        onMade={(repl) => navigate(`/repl/${repl.id}`)}
      />
    </>
  )
}

interface ReplListProps extends Omit<DashboardProps, 'mayMake'> {
  search: string
  onChanged: () => void
  onDeleted: (repl: Repl) => void
}

function ReplList({ repls, templates, search, onChanged, onDeleted }: ReplListProps) {
  const ordered = orderRepls(repls)
  const listening = new Set(
    ordered
      .filter(isMoving)
      .slice(0, listeningRows)
      .map(({ id }) => id),
  )
  if (ordered.length === 0) {
    return (
      <p className="px-1 py-8 text-center text-muted wrap-anywhere">No REPL has “{search}” in its name.</p>
    )
  }
  return (
    <ul aria-label="REPLs" className="divide-y divide-line rounded-xl border border-line bg-surface">
      {ordered.map((repl) => (
        <ReplRow
          key={repl.id}
          repl={repl}
          template={templates.find(({ id }) => id === repl.template)}
          listening={listening.has(repl.id)}
          onChanged={onChanged}
          onDeleted={onDeleted}
        />
      ))}
    </ul>
  )
}
