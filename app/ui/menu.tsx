// Menus under a button and at the pointer, with the keyboard model of radix. What an item does is the caller's.
import { clsx } from 'clsx'
import { Check, ChevronDown } from 'lucide-react'
import { ContextMenu as RadixContext, DropdownMenu as Radix } from 'radix-ui'
import { forwardRef, type ComponentPropsWithoutRef, type ReactElement, type ReactNode } from 'react'
import { buttonClasses } from './button.tsx'

const sheet =
  'menu-in z-50 min-w-44 max-w-[calc(100vw-16px)] rounded-lg border border-line bg-raised p-1 text-ui text-ink shadow-overlay outline-none'
const row =
  'flex h-7 pointer-coarse:h-10 items-center gap-2 rounded px-2 outline-none select-none data-disabled:opacity-50 ' +
  'data-highlighted:bg-hover'

interface MenuProps {
  /** The button that opens it. */
  trigger: ReactElement
  align?: 'start' | 'end'
  children: ReactNode
}

export function Menu({ trigger, align = 'end', children }: MenuProps) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content align={align} sideOffset={4} collisionPadding={8} className={sheet}>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** The usual trigger: what is chosen now, and the sign that others can be. Radix hands it its props and ref. */
export const MenuButton = forwardRef<HTMLButtonElement, ComponentPropsWithoutRef<'button'>>(
  function MenuButton({ children, className, ...rest }, ref) {
    return (
      <button
        {...rest}
        ref={ref}
        type="button"
        className={clsx(buttonClasses('quiet', 'small'), 'min-w-0', className)}
      >
        {children}
        <ChevronDown size={13} className="shrink-0" aria-hidden />
      </button>
    )
  },
)

interface MenuItemProps {
  icon?: ReactNode
  danger?: boolean
  disabled?: boolean
  /** Shown at the right: the same thing by keyboard. */
  keys?: string
  onSelect: () => void
  children: ReactNode
}

function itemProps({ danger, disabled, onSelect }: MenuItemProps) {
  return { className: clsx(row, danger && 'text-bad'), disabled: disabled ?? false, onSelect }
}

function ItemParts({ icon, keys, children }: MenuItemProps) {
  return (
    <>
      {icon && <span className="text-muted">{icon}</span>}
      <span className="flex-1 truncate">{children}</span>
      {keys && <kbd className="font-sans text-label text-muted">{keys}</kbd>}
    </>
  )
}

export function MenuItem(props: MenuItemProps) {
  return (
    <Radix.Item {...itemProps(props)}>
      <ItemParts {...props} />
    </Radix.Item>
  )
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className="px-2 pt-1.5 pb-1 text-label text-muted">{children}</Radix.Label>
}

export function MenuSeparator() {
  return <Radix.Separator className="mx-1 my-1 h-px bg-line" />
}

interface MenuChoiceProps {
  value: string
  onChange: (value: string) => void
  options: readonly { value: string; label: string }[]
}

/** One of several, marked; for example the theme. */
export function MenuChoice({ value, onChange, options }: MenuChoiceProps) {
  return (
    <Radix.RadioGroup value={value} onValueChange={onChange}>
      {options.map((option) => (
        <Radix.RadioItem key={option.value} value={option.value} className={row}>
          <span className="w-4">
            <Radix.ItemIndicator>
              <Check size={14} aria-hidden />
            </Radix.ItemIndicator>
          </span>
          {option.label}
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  )
}

interface ContextMenuProps {
  /** What is clicked with the second button (or long-pressed). */
  target: ReactElement
  children: ReactNode
}

/** A field that an item opened keeps the keyboard: given back to the target, the field would be left and give up. */
const keepTyping = (event: Event): void => {
  if (document.activeElement instanceof HTMLInputElement) event.preventDefault()
}

export function ContextMenu({ target, children }: ContextMenuProps) {
  return (
    <RadixContext.Root modal={false}>
      <RadixContext.Trigger asChild>{target}</RadixContext.Trigger>
      <RadixContext.Portal>
        <RadixContext.Content collisionPadding={8} className={sheet} onCloseAutoFocus={keepTyping}>
          {children}
        </RadixContext.Content>
      </RadixContext.Portal>
    </RadixContext.Root>
  )
}

export function ContextMenuItem(props: MenuItemProps) {
  return (
    <RadixContext.Item {...itemProps(props)}>
      <ItemParts {...props} />
    </RadixContext.Item>
  )
}

export function ContextMenuSeparator() {
  return <RadixContext.Separator className="mx-1 my-1 h-px bg-line" />
}
