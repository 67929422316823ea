// The connection and saving in two words beside the repl's name, seen on every width.
import { clsx } from 'clsx'
import { usePart } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { useSavedWords } from './status-bar.tsx'

const short = {
  connecting: 'connecting',
  synced: 'ready',
  sending: 'sending',
  offline: 'offline',
  'read-only': 'read only',
  stopped: 'stopped',
} as const
const dots = {
  connecting: 'bg-muted',
  synced: 'bg-ok',
  sending: 'bg-accent',
  offline: 'bg-warn',
  'read-only': 'bg-muted',
  stopped: 'bg-bad',
} as const

export function ConnectionPill() {
  const { connection } = useWorkbench()
  const word = usePart(connection, (now) => now.word)
  const say = usePart(connection, (now) => now.say)
  const saved = useSavedWords()
  return (
    <span className="flex shrink-0 items-center gap-1.5 text-label text-muted" title={say} aria-hidden>
      <span className={clsx('size-2 rounded-full', dots[word])} />
      <span className="max-[900px]:hidden">
        {short[word]}
        {saved !== null && ` · ${saved.toLowerCase()}`}
      </span>
    </span>
  )
}
