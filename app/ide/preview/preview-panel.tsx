// The preview pane: which port, its path, the page itself in a frame, and in words why there is none.
import { ExternalLink, RotateCw, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { z } from 'zod'
import { Button, IconButton, buttonClasses } from '../../ui/button.tsx'
import { Tooltip } from '../../ui/tooltip.tsx'
import { EmptyView, ErrorView, LoadingView } from '../../ui/views.tsx'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { tabAddress } from './ask-preview.ts'
import { PortMenu } from './port-menu.tsx'
import type { Shown } from './previews.ts'

/**
 * The page may do what a page of its own may, but not lead ours away. `allow-same-origin` gives it its own origin, which is
 * never ours.
 */
const sandbox =
  'allow-scripts allow-same-origin allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads'

export function PreviewPanel() {
  const { previews } = useWorkbench()
  const shown = useStore(previews.shown)
  return (
    <section
      aria-label="Preview"
      data-testid="preview"
      className="flex h-full min-h-0 min-w-0 flex-col bg-ground"
    >
      {shown === null ? <NothingShown /> : <PreviewOf shown={shown} />}
    </section>
  )
}

function NothingShown() {
  const { previews } = useWorkbench()
  const [first] = useStore(previews.ports)
  return (
    <EmptyView
      title="No preview is open"
      say={
        first === undefined
          ? 'When a program listens on a port, its page can be shown here.'
          : `${first.program || 'A program'} listens on ${first.port}.`
      }
      action={first && <Button onClick={() => previews.open(first.port)}>Show port {first.port}</Button>}
    />
  )
}

function PreviewOf({ shown }: { shown: Shown }) {
  const { previews, repl } = useWorkbench()
  return (
    <>
      <div className="flex h-(--bar-tabs) shrink-0 items-center gap-1 border-b border-line bg-surface px-1">
        <PortMenu shown={shown} />
        <PathField key={shown.turn} to={shown.to} onGo={(to) => previews.open(shown.port, to)} />
        <IconButton
          label="Reload the preview"
          icon={<RotateCw size={14} aria-hidden />}
          onClick={() => previews.reload()}
        />
        <Tooltip text="Open in a tab">
          <a
            href={tabAddress(repl.id, shown)}
            target="_blank"
            rel="noopener"
            aria-label="Open the preview in a tab"
            className={`${buttonClasses('quiet', 'small')} size-7! px-0! pointer-coarse:size-10!`}
          >
            <ExternalLink size={14} aria-hidden />
          </a>
        </Tooltip>
        <IconButton
          label="Close the preview"
          icon={<X size={14} aria-hidden />}
          onClick={() => previews.close()}
        />
      </div>
      <EndedBar port={shown.port} />
      <div className="relative min-h-0 flex-1">
        <Content shown={shown} />
      </div>
    </>
  )
}

function PathField({ to, onGo }: { to: string; onGo: (to: string) => void }) {
  const [typed, setTyped] = useState(to)
  return (
    <form
      className="min-w-0 flex-1"
      onSubmit={(event) => {
        event.preventDefault()
        onGo(typed.startsWith('/') ? typed : `/${typed}`)
      }}
    >
      <input
        aria-label="Path of the preview"
        value={typed}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setTyped(event.target.value)}
        className="h-6 w-full rounded border border-line bg-ground px-2 font-mono text-label outline-none focus:border-accent pointer-coarse:h-9"
      />
    </form>
  )
}

/** Said while the page of a program that is gone still stands there. */
function EndedBar({ port }: { port: number }) {
  const { previews } = useWorkbench()
  const ports = useStore(previews.ports)
  const [seen, setSeen] = useState<{ port: number; program: string } | null>(null)
  const now = ports.find((open) => open.port === port)
  if (now !== undefined && (seen?.port !== port || seen.program !== now.program)) setSeen(now)
  if (now !== undefined || seen?.port !== port) return null
  return (
    <p role="status" className="border-b border-line bg-surface px-3 py-1.5 text-label text-ink">
      {seen.program || 'The program'} ended. Nothing listens on {port}; the page comes back with the next
      program there.
    </p>
  )
}

function Content({ shown }: { shown: Shown }) {
  const { previews } = useWorkbench()
  if (shown.step === 'asking') return <LoadingView say={`Opening port ${shown.port}`} />
  if (shown.step === 'failed')
    return (
      <ErrorView
        title={`Port ${shown.port} is not shown`}
        say={shown.say}
        action={<Button onClick={() => previews.reload()}>Try again</Button>}
      />
    )
  return <Frame key={shown.turn} url={shown.preview.url} port={shown.port} />
}

const FrameWord = z.object({ devexPreview: z.string() })

function Frame({ url, port }: { url: string; port: number }) {
  const { previews } = useWorkbench()
  const frame = useRef<HTMLIFrameElement>(null)
  useEffect(() => {
    const hear = ({ source, origin, data }: MessageEvent<unknown>): void => {
      if (source !== frame.current?.contentWindow) return
      const word = FrameWord.safeParse(data)
      if (word.success) previews.heard(origin, word.data.devexPreview)
    }
    window.addEventListener('message', hear)
    return () => window.removeEventListener('message', hear)
  }, [previews])
  return (
    <iframe
      ref={frame}
      src={url}
      title={`Preview of port ${port}`}
      sandbox={sandbox}
      allow="clipboard-write; fullscreen"
      referrerPolicy="no-referrer"
      className="absolute inset-0 size-full border-0 bg-white"
    />
  )
}
