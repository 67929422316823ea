// How many columns and rows fit the terminals' area, so that a program that starts at once does not begin in a narrow window.
import { useEffect, type RefObject } from 'react'
import { limits } from '../../../protocol/limits.ts'
import type { Size } from '../../../protocol/terminal.ts'

/** Pixels of one cell at the terminals' usual font (13 px, line height 1.25), and of the room around the rows. */
const cell = { width: 7.8, height: 21.25 }
const around = { width: 12 + 14, height: 6 }

const within = (value: number, range: { min: number; max: number }): number =>
  Math.max(range.min, Math.min(range.max, Math.floor(value)))

export function sizeOf(area: { width: number; height: number }): Size {
  return {
    cols: within((area.width - around.width) / cell.width, limits.terminalCols),
    rows: within((area.height - around.height) / cell.height, limits.terminalRows),
  }
}

/** Tells the size of `area` now and whenever it changes; an area that is not shown says nothing. */
export function useWindowSize(area: RefObject<HTMLElement | null>, tell: (size: Size) => void): void {
  useEffect(() => {
    const host = area.current
    if (host === null) return
    const watch = new ResizeObserver(() => {
      if (host.clientWidth > 0) tell(sizeOf({ width: host.clientWidth, height: host.clientHeight }))
    })
    watch.observe(host)
    return () => watch.disconnect()
  }, [area, tell])
}
