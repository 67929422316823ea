// Notices of events that the reader did not cause, at the corner. Never the only place of an error.
import { Toaster as Sonner } from 'sonner'

export { toast } from 'sonner'

export function Toaster() {
  return (
    <Sonner
      position="bottom-right"
      gap={8}
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
