// Dialogs that trap focus and give it back: one for filling in, one that asks before something is gone.
import { X } from 'lucide-react'
import { AlertDialog, Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { Button, IconButton } from './button.tsx'
import { useReturnFocus } from './return-focus.ts'

const veil = 'fixed inset-0 z-40 bg-veil'
const sheet =
  'overlay-in fixed z-40 flex max-h-[calc(100dvh-32px)] w-[calc(100vw-32px)] flex-col overflow-y-auto rounded-xl border border-line bg-raised ' +
  'shadow-overlay outline-none left-1/2 top-1/2 -translate-x-1/2 -translate-y-1/2'

/** Focus goes to the part marked `data-first`, else where radix puts it: on the first control. */
function focusFirst(event: Event): void {
  const sheetElement = event.currentTarget instanceof HTMLElement ? event.currentTarget : null
  const first = sheetElement?.querySelector<HTMLElement>('[data-first]')
  if (!first) return
  event.preventDefault()
  first.focus()
}

interface DialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  /** One sentence under the title. */
  say?: string
  /** CSS width at most. */
  width?: number
  children: ReactNode
}

export function Dialog({ open, onOpenChange, title, say, width = 440, children }: DialogProps) {
  const { onOpenAutoFocus, onCloseAutoFocus } = useReturnFocus()
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={veil} />
        <Radix.Content
          className={sheet}
          style={{ maxWidth: width }}
          onOpenAutoFocus={(event) => {
            onOpenAutoFocus()
            focusFirst(event)
          }}
          onCloseAutoFocus={onCloseAutoFocus}
          {...(say === undefined ? { 'aria-describedby': undefined } : {})}
        >
          <div className="px-5 pt-4 pr-12">
            <Radix.Title className="text-lead font-semibold">{title}</Radix.Title>
            {say !== undefined && <Radix.Description className="mt-1 text-muted">{say}</Radix.Description>}
          </div>
          <div className="px-5 pt-4 pb-5">{children}</div>
          <Radix.Close asChild>
            <IconButton
              label="Close"
              icon={<X size={16} aria-hidden />}
              className="absolute! top-3 right-3"
            />
          </Radix.Close>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** The row of buttons at a dialog's foot; the one that does something comes last. */
export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="mt-5 flex flex-wrap justify-end gap-2">{children}</div>
}

interface ConfirmProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  /** The question, with the name of the thing. */
  title: string
  say: string
  /** The verb with the name of the thing, for example "Delete two-sum". */
  action: string
  /** What the other button says; "Cancel" unless it does something of its own. */
  cancel?: string
  busy?: boolean
  error?: string | null
  onConfirm: () => void
}

export function Confirm(props: ConfirmProps) {
  const { open, onOpenChange, title, say, action, cancel = 'Cancel', busy = false, error, onConfirm } = props
  const returnFocus = useReturnFocus()
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={veil} />
        <AlertDialog.Content className={sheet} style={{ maxWidth: 440 }} {...returnFocus}>
          <div className="px-5 pt-4 pb-5">
            <AlertDialog.Title className="text-lead font-semibold wrap-anywhere">{title}</AlertDialog.Title>
            <AlertDialog.Description className="mt-1 text-muted wrap-anywhere">{say}</AlertDialog.Description>
            {error && (
              <p role="alert" className="mt-3 text-bad">
                {error}
              </p>
            )}
            <DialogActions>
              <AlertDialog.Cancel asChild>
                <Button>{cancel}</Button>
              </AlertDialog.Cancel>
              <Button look="danger" busy={busy} onClick={onConfirm} className="max-w-full">
                <span className="truncate">{action}</span>
              </Button>
            </DialogActions>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
