// A name shown on hover and focus; leaves with Escape. It repeats what the accessible name says and never holds the only copy of a fact.
import { Tooltip as Radix } from 'radix-ui'
import type { ReactElement, ReactNode } from 'react'

/** Milliseconds before a tooltip shows, so that a passing pointer does not call it. */
const delayMs = 400

export function TooltipScope({ children }: { children: ReactNode }) {
  return <Radix.Provider delayDuration={delayMs}>{children}</Radix.Provider>
}

interface TooltipProps {
  text: string
  side?: 'top' | 'right' | 'bottom' | 'left'
  children: ReactElement
}

export function Tooltip({ text, side = 'bottom', children }: TooltipProps) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="menu-in z-50 max-w-72 rounded-md border border-line bg-raised px-2 py-1 text-label text-ink shadow-overlay"
        >
          {text}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
