// Who is signed in, the theme, and the way out.
import { LogOut } from 'lucide-react'
import type { Person } from '../../protocol/repl.ts'
import { initials } from '../ui/avatar.tsx'
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from '../ui/menu.tsx'
import { Theme } from '../ui/theme-choice.ts'
import { chooseTheme, useTheme } from '../ui/theme.tsx'

const themes = [
  { value: 'system', label: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const

/** A real form post, so that the answer's cookie and redirect are the browser's to follow. */
function signOut(): void {
  const form = document.createElement('form')
  form.method = 'post'
  form.action = '/sign-out'
  document.body.append(form)
  form.submit()
}

export function PersonMenu({ person }: { person: Person }) {
  const { chosen } = useTheme()
  const choose = (value: string): void => void chooseTheme(Theme.parse(value))
  return (
    <Menu
      trigger={
        <button
          type="button"
          className="flex size-8 items-center justify-center rounded-full bg-hover text-label font-semibold hover:brightness-95 forced-colors:border pointer-coarse:size-10"
        >
          <span aria-hidden>{initials(person.name)}</span>
          <span className="sr-only">{person.name}: theme and sign-out</span>
        </button>
      }
    >
      <MenuLabel>Signed in as {person.name}</MenuLabel>
      <MenuSeparator />
      <MenuLabel>Theme</MenuLabel>
      <MenuChoice value={chosen} onChange={choose} options={themes} />
      <MenuSeparator />
      <MenuItem icon={<LogOut size={14} aria-hidden />} onSelect={signOut}>
        Sign out
      </MenuItem>
    </Menu>
  )
}
