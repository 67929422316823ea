// Makes a repl: a template, a name; then asks it to start.
import { useState, type FormEvent } from 'react'
import { z } from 'zod'
import { ReplName } from '../../protocol/ids.ts'
import { Repl, type Template } from '../../protocol/repl.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { postJson } from '../ui/post.ts'
import { nameFault } from './name-fault.ts'
import { TemplateMark } from './template-mark.tsx'

interface NewReplDialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  templates: readonly Template[]
  onMade: (repl: Repl) => void
}

export function NewReplDialog({ open, onOpenChange, templates, onMade }: NewReplDialogProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="New REPL"
      say="A template brings the first files and the command of the Run button."
    >
      <NewReplForm templates={templates} onMade={onMade} onCancel={() => onOpenChange(false)} />
    </Dialog>
  )
}

const withRepl = z.object({ repl: Repl })

/** Made and asked to start; a start that is refused is told by the repl's own page. */
async function makeRepl(body: { name: string; template: string }) {
  const made = await postJson('/repls', body, withRepl)
  if (made.ok) await postJson(`/repl/${made.value.repl.id}/start`, {}, withRepl)
  return made
}

interface TemplateChoiceProps {
  templates: readonly Template[]
  value: string
  onChange: (id: string) => void
}

function TemplateChoice({ templates, value, onChange }: TemplateChoiceProps) {
  return (
    <fieldset>
      <legend className="mb-1 font-medium">Template</legend>
      <div className="grid gap-2 sm:grid-cols-2">
        {templates.map((template) => (
          <label
            key={template.id}
            className="flex items-center gap-3 rounded-lg border border-edge p-2.5 has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name="template"
              value={template.id}
              checked={template.id === value}
              onChange={() => onChange(template.id)}
              className="sr-only"
            />
            <TemplateMark id={template.id} />
            <span className="min-w-0">
              <span className="block font-medium">{template.title}</span>
              <span className="block text-label text-muted">{template.description}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

interface NewReplFormProps {
  templates: readonly Template[]
  onMade: (repl: Repl) => void
  onCancel: () => void
}

function NewReplForm({ templates, onMade, onCancel }: NewReplFormProps) {
  const [template, setTemplate] = useState(templates[0]?.id ?? '')
  const [name, setName] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const make = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const fault = nameFault(name, ReplName)
    setError(fault)
    if (fault !== null || busy) return
    setBusy(true)
    const made = await makeRepl({ name: name.trim(), template })
    setBusy(false)
    if (made.ok) onMade(made.value.repl)
    else setError(made.error.say)
  }
  return (
    <form onSubmit={(event) => void make(event)} noValidate>
      <div className="flex flex-col gap-4">
        <TemplateChoice templates={templates} value={template} onChange={setTemplate} />
        <Field
          label="Name"
          data-first
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={error}
          placeholder="two-sum"
          autoComplete="off"
          spellCheck={false}
        />
      </div>
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button look="primary" type="submit" busy={busy}>
          Create and start
        </Button>
      </DialogActions>
    </form>
  )
}
