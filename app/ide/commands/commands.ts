// Everything that can be done from the palette and by keys, as a list of named verbs. It draws nothing.
import { can } from '../../../protocol/access.ts'
import { openPreview } from '../preview/open-preview.ts'
import { stepRegion } from '../regions.ts'
import { toast } from '../../ui/toast.tsx'
import { hereWords } from '../people/where-words.ts'
import { readerMode, setReaderMode } from '../terminal/reader-mode.ts'
import { chooseTheme } from '../../ui/theme.tsx'
import type { ViewState, Workbench } from '../workbench-context.ts'

export type Command = {
  id: string
  title: string
  /** The same by keyboard, as it is shown. */
  keys?: string
  run: () => void
}

export type CommandParts = {
  workbench: Workbench
  toggleRun: () => void
  isRunning: boolean
  openTerminal: () => void
}

export const isMac = typeof navigator !== 'undefined' && navigator.platform.startsWith('Mac')
export const modKey = isMac ? '⌘' : 'Ctrl '

/** What a viewer may not do is not offered to one. */
export function commandsOf({ workbench, toggleRun, isRunning, openTerminal }: CommandParts): Command[] {
  const { view, tabs, isViewer, previews } = workbench
  const dialog = (name: NonNullable<ViewState['dialog']>) => (): void =>
    view.update((now) => ({ ...now, dialog: name }))
  const change: Command[] = [
    { id: 'run', title: isRunning ? 'Stop the program' : 'Run', keys: `${modKey}Enter`, run: toggleRun },
    { id: 'terminal', title: 'Open a terminal', run: openTerminal },
    { id: 'stop', title: 'Stop this REPL', run: dialog('stop') },
  ]
  const look: Command[] = [
    { id: 'share', title: 'Share: invite people', run: dialog('share') },
    { id: 'details', title: 'Details of this session: memory, disk, isolation', run: dialog('details') },
    {
      id: 'search',
      title: 'Search in files',
      keys: `${modKey}Shift F`,
      run: () => view.update((now) => ({ ...now, side: 'search', narrow: 'files' })),
    },
    ...previews.ports.get().map(({ port, program }) => ({
      id: `preview-${port}`,
      title: `Preview port ${port}${program === '' ? '' : ` (${program})`}`,
      run: () => openPreview(workbench, port),
    })),
    { id: 'next', title: 'Next tab', run: () => tabs.step(1) },
    { id: 'previous', title: 'Previous tab', run: () => tabs.step(-1) },
    {
      id: 'close',
      title: 'Close the tab',
      run: () => {
        const { active } = tabs.state.get()
        if (active !== null) tabs.close(active)
      },
    },
    { id: 'region', title: 'Go to the next region of the page', keys: 'F6', run: () => stepRegion(1) },
    ...comfortOf(workbench),
    { id: 'home', title: 'All REPLs', run: () => location.assign('/') },
  ]
  const role = workbench.link.doors.latest.get()?.role ?? workbench.repl.role
  if (can(role, 'audit.read'))
    look.unshift({
      id: 'activity',
      title: 'Activity: who came, went and got another role',
      run: dialog('activity'),
    })
  if (can(role, 'member.change'))
    look.unshift({ id: 'members', title: 'Members: roles, remove people', run: dialog('members') })
  return isViewer.get() ? look : [...change, ...look]
}

/** For the eye and the ear of this person alone. */
function comfortOf({ presence, terminals }: Workbench): Command[] {
  return [
    {
      id: 'who',
      title: 'Who is here, and where',
      // Its region is a live one: what is shown is heard.
      run: () => void toast(hereWords(presence.people.get(), terminals.list.get())),
    },
    {
      id: 'reader',
      title: `Terminals for screen readers: ${readerMode.get() ? 'off' : 'on'}`,
      run: () => setReaderMode(!readerMode.get()),
    },
    { id: 'light', title: 'Light theme', run: () => void chooseTheme('light') },
    { id: 'dark', title: 'Dark theme', run: () => void chooseTheme('dark') },
    { id: 'system', title: 'Theme of the system', run: () => void chooseTheme('system') },
  ]
}
