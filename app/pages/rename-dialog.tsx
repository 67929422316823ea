// Asks for a repl's new name.
import { useState, type FormEvent } from 'react'
import { ReplName } from '../../protocol/ids.ts'
import type { Repl } from '../../protocol/repl.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { nameFault } from './name-fault.ts'
import type { Change } from './use-change.ts'

interface RenameDialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  repl: Repl
  change: Change
}

export function RenameDialog({ open, onOpenChange, repl, change }: RenameDialogProps) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={`Rename ${repl.name}`}>
      <RenameForm repl={repl} change={change} onDone={() => onOpenChange(false)} />
    </Dialog>
  )
}

function RenameForm({ repl, change, onDone }: { repl: Repl; change: Change; onDone: () => void }) {
  const [name, setName] = useState(repl.name)
  const [fault, setFault] = useState<string | null>(null)
  const rename = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const found = nameFault(name, ReplName)
    setFault(found)
    if (found === null && (await change.ask('rename', { name: name.trim() }))) onDone()
  }
  return (
    <form onSubmit={(event) => void rename(event)} noValidate>
      <Field
        label="Name"
        data-first
        value={name}
        onChange={(event) => setName(event.target.value)}
        onFocus={(event) => event.target.select()}
        error={fault ?? change.error?.say ?? null}
        autoComplete="off"
        spellCheck={false}
      />
      <DialogActions>
        <Button onClick={onDone}>Cancel</Button>
        <Button look="primary" type="submit" busy={change.pending === 'rename'}>
          Rename
        </Button>
      </DialogActions>
    </form>
  )
}
