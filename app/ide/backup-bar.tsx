// Says above the panels that backups fail again and again, why, and what is safe meanwhile. It backs up nothing.
import { TriangleAlert } from 'lucide-react'
import { ClockTime } from '../ui/time.tsx'
import { useWorkbench } from './workbench-context.ts'

export function BackupBar() {
  const { backupTrouble } = useWorkbench().repl
  if (backupTrouble === undefined) return null
  return (
    <div
      role="status"
      data-testid="backup-trouble"
      className="flex items-center gap-2 border-b border-line bg-warn-soft px-3 py-1.5 text-ink"
    >
      <TriangleAlert size={14} className="shrink-0 text-warn" aria-hidden />
      <p className="min-w-0 flex-1 wrap-anywhere">
        Backups fail since <ClockTime at={backupTrouble.since} />: {backupTrouble.say} Your work is on the
        disk of the machine that runs this REPL, and backups are tried again by themselves.
      </p>
    </div>
  )
}
