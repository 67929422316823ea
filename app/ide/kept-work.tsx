// What a session that was overtaken had not backed up, offered to whoever may write: bring it in, or take it as a zip.
import { Archive, Check, X } from 'lucide-react'
import { useState } from 'react'
import { z } from 'zod'
import { can } from '../../protocol/access.ts'
import { TookKept, type Orphan } from '../../protocol/repl.ts'
import { Button, buttonClasses, IconButton } from '../ui/button.tsx'
import { postJson } from '../ui/post.ts'
import { useWorkbench } from './workbench-context.ts'

const taken = z.object({ took: TookKept })

const counted = (count: number, one: string): string[] =>
  count === 0 ? [] : [`${count} ${one}${count === 1 ? '' : 's'}`]

/** What came in, in words. */
export function tookWords({ edits, files, beside }: TookKept): string {
  const parts = [...counted(edits, 'edit'), ...counted(files, 'file')]
  const lies = beside === 1 ? 'lies beside yours and is' : 'lie beside yours and are'
  const also = beside === 0 ? '' : ` ${counted(beside, 'file').join()} ${lies} named after the session.`
  if (parts.length === 0) return `Nothing was missing here.${also}`
  return `Brought in: ${parts.join(' and ')}.${also}`
}

function Kept({ orphan, onDone }: { orphan: Orphan; onDone: (words: string) => void }) {
  const { repl } = useWorkbench()
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)
  const path = `/repl/${repl.id}/kept/${orphan.id}`
  const take = async (): Promise<void> => {
    setBusy(true)
    const answer = await postJson(path, {}, taken)
    setBusy(false)
    if (answer.ok) onDone(tookWords(answer.value.took))
    else setTrouble(answer.error.say)
  }
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-line bg-warn-soft py-1.5 pr-2 pl-3 text-ink">
      <Archive size={14} className="shrink-0 text-warn" aria-hidden />
      <p className="min-w-48 flex-1 wrap-anywhere" role={trouble === null ? 'status' : 'alert'}>
        {trouble ?? orphan.say}
      </p>
      {orphan.files > 0 && (
        <a href={path} target="_blank" rel="noopener" className={buttonClasses('plain', 'small')}>
          Download as zip
        </a>
      )}
      <Button size="small" look="primary" busy={busy} onClick={() => void take()}>
        Bring it in
      </Button>
    </div>
  )
}

export function KeptWork() {
  const { repl } = useWorkbench()
  const [done, setDone] = useState<ReadonlySet<string>>(new Set())
  const [words, setWords] = useState<string | null>(null)
  if (!can(repl.role, 'file.write')) return null
  const open = (repl.orphans ?? []).filter(({ id }) => !done.has(id))
  const onDone = (id: string, said: string): void => {
    setDone((now) => new Set([...now, id]))
    setWords(said)
  }
  return (
    <>
      {words !== null && (
        <div
          role="status"
          className="flex items-center gap-2 border-b border-line bg-ok-soft py-0.5 pr-1 pl-3"
        >
          <Check size={14} className="shrink-0 text-ok" aria-hidden />
          <p className="min-w-0 flex-1 py-1 wrap-anywhere">{words}</p>
          <IconButton label="Dismiss" icon={<X size={14} aria-hidden />} onClick={() => setWords(null)} />
        </div>
      )}
      {open.map((orphan) => (
        <Kept key={orphan.id} orphan={orphan} onDone={(said) => onDone(orphan.id, said)} />
      ))}
    </>
  )
}
