// The palette: type to find a file or a command. Keys that open it are here too; what the commands do is theirs.
import { Command as Finder } from 'cmdk'
import { Dialog } from 'radix-ui'
import { useEffect, useMemo, useState } from 'react'
import { folderOf, nameOf } from '../../../protocol/paths.ts'
import { shownName, shownPath } from '../../ui/shown-name.ts'
import { FileIcon } from '../files/file-icon.tsx'
import { useRun } from '../run/run-button.tsx'
import { useOpenTerminal } from '../terminal/terminal-panel.tsx'
import { useReturnFocus } from '../../ui/return-focus.ts'
import { usePart, useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { commandsOf, type Command } from './commands.ts'
import { bestPaths } from './best-paths.ts'

function useKeys(open: () => void, toggleRun: () => void): void {
  useEffect(() => {
    const press = (event: Event): void => {
      if (!(event instanceof KeyboardEvent) || !(event.metaKey || event.ctrlKey) || event.altKey) return
      const isInTerminal = event.target instanceof Element && event.target.closest('.xterm') !== null
      // Ctrl+K and Ctrl+P belong to the shell; ⌘ never does.
      if (isInTerminal && !event.metaKey) return
      const key = event.key.toLowerCase()
      if (key === 'k' || key === 'p') open()
      else if (key === 'enter' && !event.repeat) toggleRun()
      else return
      event.preventDefault()
      event.stopPropagation()
    }
    // Before Monaco, which has its own meanings for some of them.
    window.addEventListener('keydown', press, true)
    return () => window.removeEventListener('keydown', press, true)
  }, [open, toggleRun])
}

export function Palette() {
  const workbench = useWorkbench()
  const { view, files, tabs } = workbench
  const dialog = usePart(view, (now) => now.dialog)
  const { entries } = useStore(files.tree)
  const [typed, setTyped] = useState('')
  const { isRunning, toggle } = useRun()
  const openTerminal = useOpenTerminal()
  const isOpen = dialog === 'palette'
  const returnFocus = useReturnFocus()
  const set = (open: boolean): void => {
    setTyped('')
    view.update((now) => ({ ...now, dialog: open ? 'palette' : null }))
  }
  useKeys(() => set(!isOpen), toggle)
  const paths = useMemo(() => (isOpen ? bestPaths(entries, typed) : []), [isOpen, entries, typed])
  const commands = commandsOf({ workbench, toggleRun: toggle, isRunning, openTerminal })
  const choose = (run: () => void) => (): void => {
    set(false)
    run()
  }
  const open = (path: string): void => {
    tabs.open(path)
    view.update((now) => ({ ...now, narrow: 'editor' }))
  }
  return (
    <Dialog.Root open={isOpen} onOpenChange={set}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-veil" />
        <Dialog.Content
          aria-describedby={undefined}
          {...returnFocus}
          className="overlay-in fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-32px)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl border border-line bg-raised shadow-overlay outline-none"
        >
          <Dialog.Title className="sr-only">Search files and commands</Dialog.Title>
          <Finder label="Search files and commands" loop>
            <Finder.Input
              value={typed}
              onValueChange={setTyped}
              placeholder="Search files and commands"
              className="h-11 w-full border-b border-line bg-transparent px-4 text-lead outline-none placeholder:text-muted"
            />
            <Finder.List className="max-h-[50vh] overflow-y-auto p-1.5 **:[[cmdk-group-heading]]:px-2.5 **:[[cmdk-group-heading]]:pt-2 **:[[cmdk-group-heading]]:pb-1 **:[[cmdk-group-heading]]:text-label **:[[cmdk-group-heading]]:text-muted">
              <Finder.Empty className="px-3 py-6 text-center text-muted">
                Nothing is called that.
              </Finder.Empty>
              <Finder.Group heading="Files">
                {paths.map((path) => (
                  <FileItem key={path} path={path} onSelect={choose(() => open(path))} />
                ))}
              </Finder.Group>
              <Finder.Group heading="Commands">
                {commands.map((command) => (
                  <CommandItem key={command.id} command={command} onSelect={choose(command.run)} />
                ))}
              </Finder.Group>
            </Finder.List>
          </Finder>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

const item =
  'flex h-8 items-center gap-2.5 rounded-md px-2.5 data-[selected=true]:bg-hover pointer-coarse:h-10'

/** Between slashes: the finder trims what it is given, and names may begin or end with a space. */
function FileItem({ path, onSelect }: { path: string; onSelect: () => void }) {
  const name = nameOf(path)
  return (
    <Finder.Item value={`/${path}/`} onSelect={onSelect} className={item}>
      <FileIcon name={name} />
      <span className="max-w-[60%] shrink-0 truncate whitespace-pre">{shownName(name)}</span>
      <span className="truncate text-label text-muted">{shownPath(folderOf(path))}</span>
    </Finder.Item>
  )
}

function CommandItem({ command, onSelect }: { command: Command; onSelect: () => void }) {
  return (
    <Finder.Item
      value={`command ${command.title}`}
      keywords={[command.title]}
      onSelect={onSelect}
      className={item}
    >
      <span className="flex-1">{command.title}</span>
      {command.keys !== undefined && <kbd className="font-sans text-label text-muted">{command.keys}</kbd>}
    </Finder.Item>
  )
}
