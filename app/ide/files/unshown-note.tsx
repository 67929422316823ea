// Says how many files are here that no list can name, so that nobody takes the list for the whole.
import { usePart } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'

/** `what`: what is not done with them here, a verb in the passive: "shown", "searched". */
export function UnshownNote({ what }: { what: 'shown' | 'searched' }) {
  const { files } = useWorkbench()
  const unshown = usePart(files.tree, (tree) => tree.unshown)
  if (unshown === 0) return null
  return (
    <p
      data-testid="unshown"
      className="shrink-0 px-3 py-1.5 text-label text-muted"
      title="Their names are not UTF-8, hold control characters or a backslash, or are too long. Rename them in a terminal."
    >
      {unshown === 1 ? '1 file' : `${unshown} files`} cannot be {what} here: rename{' '}
      {unshown === 1 ? 'it' : 'them'} in a terminal.
    </p>
  )
}
