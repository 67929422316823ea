// What happened in this repl, for its owner: who was invited, came, got another role or went, and who may see its previews.
import { useCallback, useLayoutEffect, useRef } from 'react'
import type { AuditEntry, AuditPage } from '../../../protocol/audit.ts'
import { Avatar } from '../../ui/avatar.tsx'
import { Button } from '../../ui/button.tsx'
import { ClockTime } from '../../ui/time.tsx'
import { LoadingView } from '../../ui/views.tsx'
import { useAsked } from '../use-asked.ts'
import { useWorkbench } from '../workbench-context.ts'
import { auditWords, joined, worthALine } from './audit-words.ts'
import { readAudit } from './share-door.ts'

/** The newest page is looked at now and then; earlier ones are added when they are asked for. */
function useAudit(repl: string) {
  const known = useRef<AuditPage | null>(null)
  const read = useCallback(async () => {
    const newest = await readAudit(repl)
    known.current = joined(newest, known.current)
    return known.current
  }, [repl])
  const asked = useAsked(read)
  const readEarlier = (): Promise<void> =>
    asked.change(async () => {
      let { entries, earlier } = known.current ?? { entries: [], earlier: null }
      // The server looks through so much of the log at once: on until there is something to show.
      for (const had = entries.length; entries.length === had && earlier !== null;) {
        const more: AuditPage = await readAudit(repl, earlier)
        entries = [...entries, ...more.entries]
        earlier = more.earlier
        known.current = { entries, earlier }
      }
    })
  return { ...asked, readEarlier }
}

export function ActivityPanel() {
  const { repl } = useWorkbench()
  const { value, error, readEarlier } = useAudit(repl.id)
  const { list, pressed } = useKeptFocus(value !== null && value.earlier === null)
  if (value === null)
    return error === null ? (
      <LoadingView say="Reading what happened" />
    ) : (
      <p role="alert" className="text-bad">
        {error}
      </p>
    )
  return (
    <>
      {error !== null && (
        <p role="alert" className="mb-2 text-bad">
          {error}
        </p>
      )}
      {value.entries.length === 0 ? (
        <p className="text-muted">
          {value.earlier === null
            ? 'Nothing yet. Who is invited, joins, leaves or gets another role is written down here, and who may see a preview.'
            : 'Nothing lately. “Show earlier” looks further back.'}
        </p>
      ) : (
        <ol
          ref={list}
          aria-label="What happened, newest first"
          data-testid="activity"
          className="divide-y divide-line"
        >
          {worthALine(value.entries).map((entry) => (
            <EntryRow key={entry.id} entry={entry} />
          ))}
        </ol>
      )}
      {value.earlier !== null && (
        <Button className="mt-3 w-full" onClick={() => pressed(readEarlier)}>
          Show earlier
        </Button>
      )}
    </>
  )
}

/** The button goes when there is nothing earlier: the keyboard that pressed it is then on the last line, which it brought. */
function useKeptFocus(isWhole: boolean) {
  const list = useRef<HTMLOListElement>(null)
  const isPressed = useRef(false)
  // Before the dialog sees that what had the keyboard is gone, and takes it.
  useLayoutEffect(() => {
    if (!isWhole || !isPressed.current) return
    isPressed.current = false
    const last = list.current?.lastElementChild
    const isLost = document.activeElement === document.body
    if (isLost && last instanceof HTMLElement) last.focus()
  }, [isWhole])
  const pressed = (work: () => Promise<void>): void => {
    isPressed.current = true
    void work()
  }
  return { list, pressed }
}

function EntryRow({ entry }: { entry: AuditEntry }) {
  const { person } = useWorkbench()
  return (
    <li tabIndex={-1} className="flex items-start gap-2.5 rounded py-2">
      <Avatar name={entry.who.name} size={20} isBesideName />
      <span className="min-w-0 flex-1 wrap-anywhere">{auditWords(entry, person.id)}</span>
      <span className="shrink-0 text-label leading-[18px] text-muted tabular-nums">
        <ClockTime at={entry.at} />
      </span>
    </li>
  )
}
