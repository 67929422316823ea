// What this session is and uses: isolation, memory, processes, disk, the last backup. Asked of the server only while it is open.
import { useCallback } from 'react'
import { z } from 'zod'
import { can } from '../../../protocol/access.ts'
import { Use, type Level } from '../../../protocol/repl.ts'
import { levelWords } from '../../ui/level-words.ts'
import { Popover } from '../../ui/popover.tsx'
import { sizeWords } from '../../ui/size-words.ts'
import { ClockTime } from '../../ui/time.tsx'
import { getFromApp } from '../link/app-door.ts'
import { useAsked } from '../use-asked.ts'
import { usePart, useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'

export function SessionDetails({ level }: { level: Level }) {
  const { view, repl, link } = useWorkbench()
  const dialog = usePart(view, (now) => now.dialog)
  const role = useStore(link.doors.latest)?.role ?? repl.role
  const words = levelWords(level)
  return (
    <Popover
      open={dialog === 'details'}
      onOpenChange={(open) => view.update((now) => ({ ...now, dialog: open ? 'details' : null }))}
      label="Details of this session"
      trigger={
        <button
          type="button"
          data-testid="details"
          aria-label={`${words.name}. Details of this session`}
          className="-mx-1.5 flex h-full items-center rounded-sm px-1.5 -outline-offset-2 hover:bg-hover hover:text-ink"
        >
          {words.name}
        </button>
      }
    >
      <h2 className="font-semibold">{words.name}</h2>
      <p className="mt-1 text-muted">{words.say}</p>
      {can(role, 'run') && <UsePart repl={repl.id} />}
      <p className="mt-3 border-t border-line pt-3 text-label text-muted">
        {repl.committedAt === null ? (
          'Not backed up yet.'
        ) : (
          <>
            Backed up <ClockTime at={repl.committedAt} />, checked after it was written.
          </>
        )}
      </p>
    </Popover>
  )
}

const Answer = z.object({ use: Use.nullable() })

function UsePart({ repl }: { repl: string }) {
  const read = useCallback(async () => Answer.parse(await getFromApp(repl, 'use')), [repl])
  const { value, error } = useAsked(read)
  return (
    <div className="mt-3 border-t border-line pt-3" aria-busy={value === null && error === null}>
      {error !== null && <p className="text-bad">{error}</p>}
      {value === null && error === null && <p className="text-muted">Looking what it uses</p>}
      {value !== null && value.use === null && <p className="text-muted">Nothing runs now.</p>}
      {value?.use && <Figures use={value.use} />}
    </div>
  )
}

/** From this part of a limit on it is worth a look. */
const nearly = 0.9

function Figures({ use }: { use: Use }) {
  const { limits } = use
  const disk = use.diskBytes === null ? null : { now: use.diskBytes, most: limits?.diskBytes ?? null }
  return (
    <>
      <dl data-testid="use" className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-2">
        <Figure name="Memory" now={use.memoryBytes} most={limits?.memoryBytes ?? null} say={sizeWords} />
        <Figure name="Processes" now={use.processes} most={limits?.processes ?? null} say={String} />
        {disk === null ? (
          <>
            <dt className="text-muted">Disk</dt>
            <dd className="text-right">takes long to count</dd>
          </>
        ) : (
          <Figure name="Disk" now={disk.now} most={disk.most} say={sizeWords} />
        )}
      </dl>
      <p className="mt-2 text-label text-muted">
        {limits === null
          ? 'Nothing bounds what the programs here take.'
          : 'The limits are of the programs here; what DevEx itself needs for this session is counted, too.'}
      </p>
    </>
  )
}

interface FigureProps {
  name: string
  now: number
  /** Null where nothing bounds it. */
  most: number | null
  say: (amount: number) => string
}

function Figure({ name, now, most, say }: FigureProps) {
  const part = most === null ? 0 : Math.min(1, now / most)
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="text-right tabular-nums">
        {say(now)}
        {most !== null && <span className="text-muted"> of {say(most)}</span>}
        {part >= nearly && <span className="text-warn">, nearly all</span>}
        {most !== null && (
          <span className="mt-1 block h-1 rounded-full bg-hover forced-colors:outline-1" aria-hidden>
            <span
              className={`block h-full rounded-full ${part >= nearly ? 'bg-warn' : 'bg-accent'}`}
              style={{ width: `${part * 100}%` }}
            />
          </span>
        )}
      </dd>
    </>
  )
}
