// Buttons of every kind: text, and icon with a name and a tooltip. A verb is the caller's duty.
import { clsx } from 'clsx'
import { forwardRef, type ComponentPropsWithoutRef, type ReactNode } from 'react'
import { Tooltip } from './tooltip.tsx'

export type ButtonLook = 'primary' | 'plain' | 'quiet' | 'danger'

const looks: Record<ButtonLook, string> = {
  primary: 'bg-accent text-on-accent forced-color-adjust-none enabled:hover:brightness-110 font-medium',
  plain: 'bg-raised text-ink border border-line enabled:hover:bg-hover font-medium',
  quiet: 'bg-transparent text-muted enabled:hover:bg-hover enabled:hover:text-ink',
  danger: 'bg-bad text-on-bad forced-color-adjust-none enabled:hover:brightness-110 font-medium',
}
const sizes = {
  small: 'h-7 pointer-coarse:h-10 px-2.5 gap-1.5',
  medium: 'h-8 pointer-coarse:h-10 px-3 gap-2',
  large: 'h-10 px-4 gap-2',
}

interface ButtonProps extends ComponentPropsWithoutRef<'button'> {
  look?: ButtonLook
  size?: keyof typeof sizes
  /** The press has been taken and its answer is awaited: pressing again does nothing. */
  busy?: boolean
}

/** Classes of a button, for a link that must look like one. */
export function buttonClasses(look: ButtonLook = 'plain', size: keyof typeof sizes = 'medium'): string {
  return clsx(
    'inline-flex shrink-0 items-center justify-center rounded-md whitespace-nowrap select-none',
    // Where fills are taken away a line says that it can be pressed.
    'forced-colors:border forced-colors:border-line forced-colors:enabled:hover:border-accent',
    'transition-[background-color,color,filter] aria-busy:opacity-70 disabled:cursor-not-allowed disabled:opacity-50',
    looks[look],
    sizes[size],
  )
}

export const Button = forwardRef<HTMLButtonElement, ButtonProps>(function Button(props, ref) {
  const { look, size, busy = false, className, onClick, type = 'button', ...rest } = props
  return (
    <button
      {...rest}
      ref={ref}
      type={type}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      className={clsx(buttonClasses(look, size), className)}
    />
  )
})

interface IconButtonProps extends Omit<ButtonProps, 'children' | 'size'> {
  /** What it does, a verb: its accessible name and its tooltip. */
  label: string
  icon: ReactNode
}

export const IconButton = forwardRef<HTMLButtonElement, IconButtonProps>(function IconButton(props, ref) {
  const { label, icon, look = 'quiet', className, ...rest } = props
  return (
    <Tooltip text={label}>
      <Button
        {...rest}
        ref={ref}
        look={look}
        aria-label={label}
        className={clsx('size-7! shrink-0 px-0! pointer-coarse:size-10!', className)}
      >
        {icon}
      </Button>
    </Tooltip>
  )
})
