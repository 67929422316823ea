// Asks before the repl is stopped for everybody, and tells what happens to their work.
import { useState } from 'react'
import { asAppError } from '../../protocol/errors.ts'
import { Confirm } from '../ui/dialog.tsx'
import { postToApp } from './link/app-door.ts'
import { usePart, useStore } from './use-store.ts'
import { useWorkbench } from './workbench-context.ts'

export function StopQuestion() {
  const { view, repl, presence } = useWorkbench()
  const dialog = usePart(view, (now) => now.dialog)
  const others = useStore(presence.people).filter((person) => !person.isMe)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const close = (): void => view.update((now) => ({ ...now, dialog: null }))
  const stop = (): void => {
    setBusy(true)
    setError(null)
    postToApp(repl.id, 'stop')
      .then(close, (thrown: unknown) => setError(asAppError(thrown).say))
      .finally(() => setBusy(false))
  }
  const who =
    others.length === 0 ? '' : ` ${others.map((person) => person.user.name).join(', ')} will be stopped too.`
  return (
    <Confirm
      open={dialog === 'stop'}
      onOpenChange={(open) => !open && close()}
      title={`Stop ${repl.name}?`}
      say={`Programs are ended and all files are backed up.${who} Start it again at any time.`}
      action={`Stop ${repl.name}`}
      busy={busy}
      error={error}
      onConfirm={stop}
    />
  )
}
