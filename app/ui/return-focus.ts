// Gives the keyboard back to what had it when a dialog closes: radix gives it to a dialog's own trigger, and ours have none.
import { useRef } from 'react'

const overlays = '[role="menu"], [role="dialog"], [role="alertdialog"]'

/** What had the keyboard last outside of menus and dialogs: an item of a menu is gone when its dialog closes. */
let lastOutside: HTMLElement | null = null
if (typeof document !== 'undefined')
  document.addEventListener('focusin', ({ target }) => {
    if (target instanceof HTMLElement && target.closest(overlays) === null) lastOutside = target
  })

export interface ReturnFocus {
  onOpenAutoFocus: () => void
  onCloseAutoFocus: (event: Event) => void
}

/** Handlers for the content of one dialog. */
export function useReturnFocus(): ReturnFocus {
  const openedFrom = useRef<Element | null>(null)
  return {
    onOpenAutoFocus: () => {
      openedFrom.current = document.activeElement
    },
    onCloseAutoFocus: (event) => {
      event.preventDefault()
      // Whatever has it already was given it on purpose: another dialog, a terminal that was just opened.
      if (document.activeElement !== null && document.activeElement !== document.body) return
      const below = [...document.querySelectorAll<HTMLElement>('[role="dialog"][data-state="open"]')].at(-1)
      const places = [openedFrom.current, below, lastOutside]
      const back = places.find(
        (place): place is HTMLElement =>
          place instanceof HTMLElement && place.isConnected && place !== document.body,
      )
      back?.focus()
    },
  }
}
