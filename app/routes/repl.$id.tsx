// One repl: how its session begins or ends while it cannot be worked in, the workbench while it can.
import { Suspense, lazy, useEffect, useState } from 'react'
import { useLoaderData, type MetaFunction } from '../framework.ts'
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { PageFrame } from '../pages/page-frame.tsx'
import { SessionOverlay } from '../pages/session-overlay.tsx'
import { SessionPanel } from '../pages/session-panel.tsx'
import { useWatchedRepl, type LiveRepl } from '../pages/use-live-repl.ts'
import { page, signedIn } from '../services/answer.server.ts'
import { announce } from '../ui/live-region.tsx'
import { isOpen, phaseWords, shownPhase } from '../ui/phase.ts'
import { useHydrated } from '../ui/time.tsx'
import { LoadingView } from '../ui/views.tsx'

export const loader = (args: LoaderFunctionArgs) =>
  page(args, async () => {
    const { api, person } = await signedIn(args)
    return { repl: await api.repl(args.params['id'] ?? ''), person, now: Date.now() }
  })

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: data ? `${data.repl.name} · DevEx` : 'DevEx' },
]

/** The editor and all that comes with it: loaded only when there is something to work in. */
const Workbench = lazy(async () => {
  const { Workbench: Loaded } = await import('../ide/workbench.client.tsx')
  return { default: Loaded }
})

/** Once true, true for good: what a person typed in the workbench must outlive a stop. */
function useLatch(now: boolean): boolean {
  const [was, setWas] = useState(now)
  if (now && !was) setWas(true)
  return was || now
}

/** The server's clock minus this browser's, as it was when the page came. */
function useClockOffset(now: number): number {
  const [offset] = useState(() => (typeof document === 'undefined' ? 0 : now - Date.now()))
  return offset
}

function useSpokenPhase(live: LiveRepl): void {
  const words = phaseWords(shownPhase(live.repl)).say
  useEffect(() => announce(`${live.repl.name}: ${words}`), [live.repl.name, words])
}

export default function ReplPage() {
  const { repl: loaded, person, now } = useLoaderData<typeof loader>()
  const live = useWatchedRepl(loaded)
  const open = isOpen(live.repl.phase)
  const offsetMs = useClockOffset(now)
  const hydrated = useHydrated()
  useSpokenPhase(live)
  const visited = useLatch(open && hydrated)
  const panel = (
    <SessionPanel repl={live.repl} progress={live.progress} offsetMs={offsetMs} onRepl={live.put} />
  )
  if (!visited) return <PageFrame person={person}>{panel}</PageFrame>
  return (
    <SessionOverlay repl={live.repl} panel={panel} open={open}>
      <Suspense fallback={<LoadingView say="Opening the workbench" />}>
        <Workbench repl={live.repl} person={person} />
      </Suspense>
    </SessionOverlay>
  )
}
