// The connection and saving in two words beside the repl's name, seen on every width.
import { usePart } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { ConnectionDot } from './connection-dot.tsx'
import { useSavedWords } from './status-bar.tsx'

const short = {
  connecting: 'connecting',
  synced: 'ready',
  sending: 'sending',
  offline: 'offline',
  'read-only': 'read only',
  stopped: 'stopped',
} as const
export function ConnectionPill() {
  const { connection } = useWorkbench()
  const word = usePart(connection, (now) => now.word)
  const say = usePart(connection, (now) => now.say)
  const saved = useSavedWords()
  return (
    <span className="flex shrink-0 items-center gap-1.5 text-label text-muted" title={say} aria-hidden>
      <ConnectionDot word={word} />
      <span className="max-[900px]:hidden">
        {short[word]}
        {saved !== null && ` · ${saved.toLowerCase()}`}
      </span>
    </span>
  )
}
