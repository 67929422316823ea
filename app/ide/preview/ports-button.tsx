// The ports that programs listen on, as a button in the top bar while there are some, and a word when one comes.
import { AppWindow } from 'lucide-react'
import { useEffect } from 'react'
import { Button } from '../../ui/button.tsx'
import { Menu, MenuItem, MenuLabel } from '../../ui/menu.tsx'
import { toast } from '../../ui/toast.tsx'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { openPreview, portsWords, wordOf } from './open-preview.ts'

export function PortsButton() {
  const workbench = useWorkbench()
  const ports = useStore(workbench.previews.ports)
  const open = (port: number): void => openPreview(workbench, port)
  useFoundWords()
  const [only] = ports
  if (only === undefined) return null
  const many = portsWords(ports.length)
  const label = ports.length === 1 ? `Preview port ${only.port}` : `Preview, ${many} are open`
  const face = (
    <>
      <AppWindow size={14} aria-hidden />
      <span className="max-sm:sr-only">{ports.length === 1 ? `:${only.port}` : many}</span>
    </>
  )
  const looks = {
    look: 'quiet',
    size: 'small',
    'aria-label': label,
    className: 'max-sm:w-7 max-sm:px-0',
  } as const
  if (ports.length === 1)
    return (
      <Button {...looks} data-testid="ports" onClick={() => open(only.port)}>
        {face}
      </Button>
    )
  return (
    <Menu
      trigger={
        <Button {...looks} data-testid="ports">
          {face}
        </Button>
      }
    >
      <MenuLabel>Programs that listen</MenuLabel>
      {ports.map(({ port, program }) => (
        <MenuItem key={port} keys={program} onSelect={() => open(port)}>
          {port}
        </MenuItem>
      ))}
    </Menu>
  )
}

/** A port that is shown already needs no word: its page comes by itself. */
function useFoundWords(): void {
  const { previews, view } = useWorkbench()
  useEffect(
    () =>
      previews.onFound(({ port, program }) => {
        if (previews.shown.get()?.port === port) return
        const words = `${program || 'A program'} listens on ${port}`
        const show = (): void => openPreview({ previews, view }, port)
        toast(words, { id: wordOf(port), action: { label: 'Open', onClick: show } })
      }),
    [previews, view],
  )
}
