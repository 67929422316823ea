// The Run button, the same for everybody: starts the repl's command, says who started it, stops it.
import { Play, Square } from 'lucide-react'
import { Button } from '../../ui/button.tsx'
import { Tooltip } from '../../ui/tooltip.tsx'
import { useEnterTerminal } from '../terminal/use-enter-terminal.ts'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'

/** Starts or stops the program of this repl, whoever started it. */
export function useRun(): { isRunning: boolean; toggle: () => void } {
  const { terminals, notices } = useWorkbench()
  const isRunning = useStore(terminals.run)?.phase === 'running'
  const start = useEnterTerminal(() => terminals.start())
  return {
    isRunning,
    toggle: () => (isRunning ? notices.attempt('terminal', () => terminals.stop()) : start()),
  }
}

export function RunButton() {
  const { terminals, isViewer: viewer } = useWorkbench()
  const run = useStore(terminals.run)
  const isViewer = useStore(viewer)
  const { isRunning, toggle } = useRun()
  const hint =
    run === null ? 'Run' : run.phase === 'running' ? `${run.by} runs ${run.command}` : `Run ${run.command}`
  return (
    <Tooltip text={hint}>
      <Button
        look={isRunning ? 'plain' : 'primary'}
        size="small"
        disabled={run === null || isViewer}
        aria-label={isRunning ? 'Stop the program' : 'Run'}
        data-testid="run"
        data-running={isRunning}
        onClick={toggle}
      >
        {isRunning ? (
          <Square size={12} fill="currentColor" className="text-bad" aria-hidden />
        ) : (
          <Play size={12} fill="currentColor" aria-hidden />
        )}
        {isRunning ? 'Stop' : 'Run'}
      </Button>
    </Tooltip>
  )
}
