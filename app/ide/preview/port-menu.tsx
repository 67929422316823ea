// Which port is shown, which others there are, and who may see this one.
import { can } from '../../../protocol/access.ts'
import { Visibility, usualVisibility } from '../../../protocol/preview.ts'
import { Menu, MenuButton, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from '../../ui/menu.tsx'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import type { Shown } from './previews.ts'

const words: Record<Visibility, string> = {
  owner: 'Only the owner',
  members: 'Everybody in this REPL',
  public: 'Everybody with the link',
}

export function PortMenu({ shown }: { shown: Shown }) {
  const { previews, repl, link, notices } = useWorkbench()
  const ports = useStore(previews.ports)
  const role = useStore(link.doors.latest)?.role ?? repl.role
  const visibility = shown.step === 'shown' ? shown.preview.visibility : usualVisibility
  const others = ports.filter(({ port }) => port !== shown.port)
  return (
    <Menu
      align="start"
      trigger={
        <MenuButton aria-label={`Port ${shown.port}, choose another`}>
          <span className="font-mono text-ink tabular-nums">:{shown.port}</span>
        </MenuButton>
      }
    >
      <MenuLabel>Ports</MenuLabel>
      {others.length === 0 && (
        <MenuItem disabled onSelect={() => undefined}>
          No other port is open
        </MenuItem>
      )}
      {others.map(({ port, program }) => (
        <MenuItem key={port} keys={program} onSelect={() => previews.open(port)}>
          {port}
        </MenuItem>
      ))}
      <MenuSeparator />
      <MenuLabel>Who may see {shown.port}</MenuLabel>
      {can(role, 'preview.share') ? (
        <MenuChoice
          value={visibility}
          onChange={(value) => {
            const chosen = Visibility.safeParse(value)
            if (chosen.success) notices.attempt('page', () => previews.share(chosen.data))
          }}
          options={Visibility.options.map((value) => ({ value, label: words[value] }))}
        />
      ) : (
        <MenuItem disabled onSelect={() => undefined}>
          {words[visibility]}
        </MenuItem>
      )}
      {shown.step === 'shown' && <MenuSeparator />}
      {shown.step === 'shown' && (
        <MenuItem
          onSelect={() =>
            notices.attempt('page', () => navigator.clipboard.writeText(shown.preview.origin + shown.to))
          }
        >
          Copy the link
        </MenuItem>
      )}
    </Menu>
  )
}
