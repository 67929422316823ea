// The bar at the top: the way home, the repl's name and menu, the connection, the palette, people, Share and Run.
import { CircleStop, House, Menu as MenuIcon, Moon, Search, Share2, Sun } from 'lucide-react'
import { can } from '../../protocol/access.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Menu, MenuButton, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from '../ui/menu.tsx'
import { chooseTheme, isDark, useTheme } from '../ui/theme.tsx'
import { Theme } from '../ui/theme-choice.ts'
import { modKey } from './commands/commands.ts'
import { AvatarRow } from './people/avatar-row.tsx'
import { PortsButton } from './preview/ports-button.tsx'
import { RunButton } from './run/run-button.tsx'
import { ConnectionPill } from './status/connection-pill.tsx'
import { useStore } from './use-store.ts'
import { useWorkbench, type ViewState } from './workbench-context.ts'

export function TopBar() {
  const { view } = useWorkbench()
  const show = (dialog: ViewState['dialog']): void => view.update((now) => ({ ...now, dialog }))
  return (
    <header
      data-region="top"
      tabIndex={-1}
      className="flex h-(--bar-top) shrink-0 items-center gap-2 border-b border-line bg-surface px-2 outline-none focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-accent"
    >
      <ReplMenu onStop={() => show('stop')} />
      <ConnectionPill />
      <div className="flex min-w-0 flex-1 justify-center">
        <button
          type="button"
          onClick={() => show('palette')}
          className="hidden h-7 w-full max-w-sm min-w-0 items-center gap-2 rounded-md border border-line bg-ground px-2.5 text-muted hover:border-edge hover:text-ink min-[900px]:flex"
        >
          <Search size={13} className="shrink-0" aria-hidden />
          <span className="truncate">Search files and commands</span>
          <kbd className="ml-auto shrink-0 font-sans text-label">{modKey}K</kbd>
        </button>
      </div>
      <IconButton
        label="Search files and commands"
        icon={<Search size={15} aria-hidden />}
        onClick={() => show('palette')}
        className="min-[900px]:hidden"
      />
      <PortsButton />
      <AvatarRow />
      <Button look="quiet" size="small" onClick={() => show('share')} className="max-sm:w-7 max-sm:px-0">
        <Share2 size={14} aria-hidden />
        <span className="max-sm:sr-only">Share</span>
      </Button>
      <RunButton />
    </header>
  )
}

function ReplMenu({ onStop }: { onStop: () => void }) {
  const { repl, link } = useWorkbench()
  const { chosen, worn } = useTheme()
  const role = useStore(link.doors.latest)?.role ?? repl.role
  return (
    <div className="flex min-w-0 items-center">
      <Menu
        align="start"
        trigger={
          <MenuButton aria-label={`Menu of ${repl.name}`} className="shrink! max-w-full">
            <MenuIcon size={15} className="shrink-0" aria-hidden />
            <span className="max-w-40 truncate font-semibold text-ink max-sm:max-w-24">{repl.name}</span>
          </MenuButton>
        }
      >
        <MenuItem icon={<House size={14} aria-hidden />} onSelect={() => location.assign('/')}>
          All REPLs
        </MenuItem>
        <MenuSeparator />
        <MenuLabel>
          <span className="flex items-center gap-1.5">
            {isDark(worn) ? <Moon size={12} aria-hidden /> : <Sun size={12} aria-hidden />} Theme
          </span>
        </MenuLabel>
        <MenuChoice
          value={chosen}
          onChange={(value) => {
            const theme = Theme.safeParse(value)
            if (theme.success) void chooseTheme(theme.data)
          }}
          options={[
            { value: 'system', label: 'As the system' },
            { value: 'light', label: 'Light' },
            { value: 'dark', label: 'Dark' },
          ]}
        />
        {can(role, 'repl.stop') && (
          <>
            <MenuSeparator />
            <MenuItem danger icon={<CircleStop size={14} aria-hidden />} onSelect={onStop}>
              Stop {repl.name}
            </MenuItem>
          </>
        )}
      </Menu>
    </div>
  )
}
