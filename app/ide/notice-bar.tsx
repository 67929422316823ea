// Shows an area's words about what did not happen, above its content, until dismissed.
import { clsx } from 'clsx'
import { Info, TriangleAlert, X } from 'lucide-react'
import { IconButton } from '../ui/button.tsx'
import { shownText } from '../ui/shown-name.ts'
import type { Area } from './notices.ts'
import { useStore } from './use-store.ts'
import { useWorkbench } from './workbench-context.ts'

export function NoticeBar({ area }: { area: Area }) {
  const { notices } = useWorkbench()
  const words = useStore(notices.shown)[area]
  if (words === undefined) return null
  // A changed role is spoken by who says it; it is no failure.
  const isNews = area === 'role'
  return (
    <div
      role={isNews ? 'note' : 'alert'}
      className={clsx(
        'flex items-center gap-2 border-b border-line py-0.5 pr-1 pl-3 text-ink',
        isNews ? 'bg-accent-soft' : 'bg-bad-soft',
      )}
    >
      {isNews ? (
        <Info size={14} className="shrink-0 text-accent" aria-hidden />
      ) : (
        <TriangleAlert size={14} className="shrink-0 text-bad" aria-hidden />
      )}
      <p className="min-w-0 flex-1 py-1 wrap-anywhere">{shownText(words)}</p>
      <IconButton label="Dismiss" icon={<X size={14} aria-hidden />} onClick={() => notices.dismiss(area)} />
    </div>
  )
}
