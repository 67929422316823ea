// The bar at the foot: what is true of the connection and of saving, where the cursor is, how isolated the session runs.
import { ClockTime } from '../../ui/time.tsx'
import { isMac } from '../commands/commands.ts'
import type { TabUse } from '../editor/code-editor.ts'
import { usePart, useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { ConnectionDot } from './connection-dot.tsx'
import { SessionDetails } from './session-details.tsx'

/** "Saved" is said only when every own edit is on the runner's disk, its file still there, and the runner there to say so. */
export function useSavedWords(): 'Saved' | 'File deleted' | null {
  const { connection, documents, isViewer, tabs } = useWorkbench()
  const hasEdits = !useStore(isViewer)
  const isWaiting = usePart(documents.summary, ({ unsaved }) => unsaved > 0)
  const word = usePart(connection, (now) => now.word)
  const isGone = usePart(tabs.state, (state) =>
    state.tabs.some((tab) => tab.isGone && tab.view.kind === 'text'),
  )
  if (isGone) return 'File deleted'
  return hasEdits && !isWaiting && (word === 'synced' || word === 'read-only') ? 'Saved' : null
}

export function StatusBar() {
  const { connection, tabs, link, repl, documents } = useWorkbench()
  const { word, say } = useStore(connection)
  const state = useStore(tabs.state)
  const saved = useSavedWords()
  const { unsaved, readOnly, isKept } = useStore(documents.summary)
  const shown = state.tabs.find((tab) => tab.key === state.active)?.view
  const level = useStore(link.doors.latest)?.level ?? repl.level
  return (
    <footer
      aria-label="Status"
      data-testid="status"
      data-connection={word}
      data-saved={saved === 'Saved'}
      data-waiting={unsaved}
      data-kept={isKept}
      className="flex h-(--bar-status) shrink-0 items-center gap-4 overflow-hidden border-t border-line bg-surface px-3 text-label whitespace-nowrap text-muted"
    >
      {/* No live region: it changes with each burst of keys. What is worth hearing of it workbench.client.tsx announces. */}
      <span className="flex min-w-0 items-center gap-1.5 text-ink" data-testid="connection-words">
        <ConnectionDot word={word} />
        <span className="truncate" title={readOnly ?? undefined}>
          {say}
        </span>
      </span>
      {saved !== null && <span>{saved}</span>}
      {repl.committedAt !== null && (
        <span className="max-sm:hidden" title="The last backup that was checked, with the files of that time">
          Backed up <ClockTime at={repl.committedAt} />
        </span>
      )}
      <span className="flex-1" />
      {shown?.kind === 'text' && <CursorWords eol={shown.eol} />}
      {level !== null && word !== 'stopped' && <SessionDetails level={level} />}
    </footer>
  )
}

/** The editor's switch (code-editor.ts): there Tab types, and must be no trap. */
const tabKeys = isMac ? 'Ctrl Shift M' : 'Ctrl M'

const tabWords: Record<TabUse, string> = {
  indents: `Tab indents · ${tabKeys} lets it leave`,
  leaves: `Tab leaves · ${tabKeys} lets it indent`,
  'only-leaves': 'Tab leaves',
}

/** Apart: it is drawn anew with every key. */
function CursorWords({ eol }: { eol: 'lf' | 'crlf' | 'mixed' }) {
  const { view } = useWorkbench()
  const cursor = usePart(view, (now) => now.cursor)
  if (cursor === null) return null
  return (
    <>
      {cursor.tab !== null && <span className="max-[900px]:hidden">{tabWords[cursor.tab]}</span>}
      <span className="tabular-nums max-sm:hidden">
        Ln {cursor.line}, Col {cursor.column}
      </span>
      <span className="max-sm:hidden">{cursor.language}</span>
      <span className="max-sm:hidden" title="The line ends of the file on the disk">
        {eol === 'mixed' ? 'Mixed line ends' : eol.toUpperCase()}
      </span>
    </>
  )
}
