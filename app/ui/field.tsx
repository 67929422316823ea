// One labelled input with its hint and its error, wired for readers. Validation is the caller's.
import { clsx } from 'clsx'
import { forwardRef, useId, type ComponentPropsWithoutRef } from 'react'

interface FieldProps extends ComponentPropsWithoutRef<'input'> {
  label: string
  hint?: string
  error?: string | null
  /** The label is read but not seen, for example in a search box. */
  hideLabel?: boolean
}

export const inputClasses =
  'h-8 pointer-coarse:h-10 w-full rounded-md border border-edge bg-ground px-2.5 text-ui text-ink placeholder:text-muted ' +
  'aria-invalid:border-bad focus-visible:outline-offset-0'

export const Field = forwardRef<HTMLInputElement, FieldProps>(function Field(props, ref) {
  const { label, hint, error, hideLabel = false, className, ...rest } = props
  const id = useId()
  const noteId = `${id}-note`
  const note = error ?? hint
  return (
    <div className={className}>
      <label htmlFor={id} className={clsx('mb-1 block font-medium', hideLabel && 'sr-only')}>
        {label}
      </label>
      <input
        {...rest}
        id={id}
        ref={ref}
        aria-invalid={error ? true : undefined}
        aria-describedby={note ? noteId : undefined}
        className={inputClasses}
      />
      {note && (
        <p
          id={noteId}
          role={error ? 'alert' : undefined}
          className={clsx('mt-1', error ? 'text-bad' : 'text-muted')}
        >
          {note}
        </p>
      )}
    </div>
  )
})
