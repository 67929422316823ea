// Goes to a terminal that is only now being made: shows it and gives it the keyboard. It draws nothing.
import { useRef } from 'react'
import { isStillFree } from '../keyboard.ts'
import { useWorkbench } from '../workbench-context.ts'

/** A press while the last one is still being done does nothing: it would make a second terminal. */
export function useEnterTerminal(make: () => Promise<number>): () => void {
  const { notices, view } = useWorkbench()
  const isMaking = useRef(false)
  return () => {
    if (isMaking.current) return
    isMaking.current = true
    const from = document.activeElement
    const enter = async (): Promise<void> => {
      const terminal = await make()
      const keyboardFor = isStillFree(from) ? terminal : null
      view.update((now) => ({ ...now, terminal, keyboardFor, narrow: 'terminal' }))
    }
    notices.attempt('terminal', () => enter().finally(() => (isMaking.current = false)))
  }
}
