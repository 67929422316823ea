// Notices of events that the reader did not cause, at the corner. Never the only place of an error.
// The element that has the keyboard is not covered by one: it comes at the upper corner then.
import { toast as show, Toaster as Sonner, type ExternalToast } from 'sonner'

/** Pixels from the foot and from the right edge within which a toast may stand at the lower corner, the bars below it included. */
const footPixels = 160
const sidePixels = 352
/** Pixels of a page's width up to which the toaster takes all of it. */
const narrowPixels = 600

/** Says it to eyes and, by the toaster's own live region, to ears: who calls this announces nothing. */
export function toast(words: string, more: Pick<ExternalToast, 'id' | 'action'> = {}): void {
  show(words, { ...more, position: isKeyboardAtFoot() ? 'top-right' : 'bottom-right' })
}

/** Takes the one of this id away, if it is still there. */
export function takeToastAway(id: string): void {
  show.dismiss(id)
}

/** Terminals and the editor move the element that listens to keys to their cursor. One that begins above is not hidden whole. */
function isKeyboardAtFoot(): boolean {
  const active = document.activeElement
  if (active === null || active === document.body) return false
  const { top, right } = active.getBoundingClientRect()
  const isBeside = innerWidth > narrowPixels && right < innerWidth - sidePixels
  return top > innerHeight - footPixels && !isBeside
}

/** Between the bars: none of their buttons is ever below a toast. */
const between = {
  top: 'calc(var(--bar-top) + var(--bar-tabs) + 8px)',
  bottom: 'calc(var(--bar-foot) + 8px)',
}

export function Toaster() {
  return (
    <Sonner
      position="bottom-right"
      gap={8}
      offset={between}
      mobileOffset={between}
      toastOptions={{
        unstyled: true,
        classNames: {
          toast:
            'flex w-80 items-start gap-2 rounded-lg border border-line bg-raised px-3 py-2.5 text-ui text-ink shadow-overlay',
          description: 'text-muted',
          actionButton: 'ml-auto shrink-0 font-medium text-accent',
        },
      }}
    />
  )
}
