// One terminal in the page: holds its xterm while it is mounted, and says in words when its program has ended.
import { useEffect, useRef, useState } from 'react'
import '@xterm/xterm/css/xterm.css'
import type { TerminalInfo } from '../../../protocol/terminal.ts'
import { useTheme } from '../../ui/theme.tsx'
import { usePart, useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { useKeyboard, useSpokenKeyboard } from './use-keyboard.ts'
import { readerMode } from './reader-mode.ts'
import { openScreen, type Screen } from './screen.ts'

interface TerminalViewProps {
  terminal: TerminalInfo
  isShown: boolean
}

export function TerminalView({ terminal, isShown }: TerminalViewProps) {
  const { terminals, person, view } = useWorkbench()
  const { mayType } = useKeyboard(terminal)
  useSpokenKeyboard(terminal)
  const { worn } = useTheme()
  const host = useRef<HTMLDivElement>(null)
  const [screen, setScreen] = useState<Screen | null>(null)
  const isDriver = terminal.driver?.id === person.id
  const first = useRef({ isDriver, name: terminal.name, worn, mayType })
  useEffect(() => {
    if (host.current === null) return
    const made = openScreen({
      host: host.current,
      id: terminal.id,
      name: first.current.name,
      terminals,
      worn: first.current.worn,
      isDriver: first.current.isDriver,
      mayType: first.current.mayType,
    })
    setScreen(made)
    return () => {
      made.dispose()
      setScreen(null)
    }
  }, [terminal.id, terminals])
  useEffect(() => screen?.wearTheme(worn), [screen, worn])
  const isReadOut = useStore(readerMode)
  useEffect(() => screen?.readOut(isReadOut), [screen, isReadOut])
  useEffect(() => screen?.allow(mayType), [screen, mayType])
  const isAwaited = usePart(view, ({ keyboardFor }) => keyboardFor === terminal.id)
  useEffect(() => {
    if (screen === null || !isShown || !isAwaited) return
    screen.focus()
    view.update((now) => ({ ...now, keyboardFor: null }))
  }, [screen, isShown, isAwaited, view])
  useEffect(() => {
    if (screen === null || host.current === null || !isShown) return
    const arrange = (): void => screen.arrange(isDriver)
    arrange()
    const watch = new ResizeObserver(arrange)
    watch.observe(host.current)
    return () => watch.disconnect()
  }, [screen, isDriver, isShown])
  return (
    <div
      role="tabpanel"
      aria-label={terminal.name}
      className="absolute inset-0 overflow-hidden bg-ground pt-1.5 pl-3"
      style={{ visibility: isShown ? 'inherit' : 'hidden' }}
      data-testid={`terminal-${terminal.id}`}
      data-driver={terminal.driver?.name ?? ''}
      data-may-type={mayType}
    >
      <div
        ref={host}
        className={isDriver ? 'h-full w-full overflow-hidden' : 'h-full w-full overflow-auto'}
      />
    </div>
  )
}
