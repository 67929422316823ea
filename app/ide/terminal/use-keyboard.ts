// What a terminal's keyboard means for the person of this page: whether they type, and whether they may give it. Asks nobody.
import { useEffect, useRef } from 'react'
import { can } from '../../../protocol/access.ts'
import type { Keyboard, TerminalInfo } from '../../../protocol/terminal.ts'
import { announce } from '../../ui/live-region.tsx'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'

/** Of a runner that knows no keyboards: everybody types whose role lets them. */
export const noKeyboard: Keyboard = { holder: null, until: null, back: null, asks: [] }

export type MyKeyboard = { mayType: boolean; mayGive: boolean; isMine: boolean }

export function useKeyboard(terminal: TerminalInfo): MyKeyboard {
  const { person, link, repl } = useWorkbench()
  const role = useStore(link.doors.latest)?.role ?? repl.role
  const { holder } = terminal.keyboard ?? noKeyboard
  const isMine = holder?.id === person.id
  const mayType = holder === null ? can(role, 'terminal.type') : isMine
  return {
    isMine,
    mayType,
    mayGive: can(role, 'terminal.assign') || (mayType && can(role, 'terminal.drive')),
  }
}

/** Who listens hears when the keyboard comes to them or goes, and who asks them for it. */
export function useSpokenKeyboard(terminal: TerminalInfo): void {
  const { isMine, mayGive } = useKeyboard(terminal)
  const was = useRef({ isMine, asks: 0 })
  const { asks } = terminal.keyboard ?? noKeyboard
  const last = asks.at(-1)?.name
  useEffect(() => {
    const before = was.current
    was.current = { isMine, asks: asks.length }
    if (isMine !== before.isMine)
      announce(
        isMine
          ? `You have the keyboard of ${terminal.name}.`
          : `The keyboard of ${terminal.name} is not yours any more.`,
      )
    if (mayGive && asks.length > before.asks && last !== undefined)
      announce(`${last} asks for the keyboard of ${terminal.name}.`)
  }, [isMine, mayGive, asks.length, last, terminal.name])
}
