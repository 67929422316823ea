// A small sheet beside its button, for facts and not for tasks: Escape and a press outside close it, the focus goes back.
import { Popover as Radix } from 'radix-ui'
import type { ReactElement, ReactNode } from 'react'

interface PopoverProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  /** The button beside which it stands. */
  trigger: ReactElement
  /** Its name for readers. */
  label: string
  children: ReactNode
}

export function Popover({ open, onOpenChange, trigger, label, children }: PopoverProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label={label}
          className="menu-in z-50 w-80 max-w-[calc(100vw-16px)] rounded-lg border border-line bg-raised p-4 text-ui text-ink shadow-overlay outline-none"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
