// The head of a shared terminal: who types in it, who asks to, and the presses that ask, give, decline and take. What is allowed is
// the runner's word; here is offered only what it would do.
import { Hand, Keyboard } from 'lucide-react'
import { can } from '../../../protocol/access.ts'
import type { KeyboardWish, TerminalInfo } from '../../../protocol/terminal.ts'
import { Button } from '../../ui/button.tsx'
import { Menu, MenuItem, MenuLabel, MenuSeparator } from '../../ui/menu.tsx'
import { ClockTime } from '../../ui/time.tsx'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { noKeyboard, useKeyboard } from './use-keyboard.ts'

/** Minutes of a short grant. */
const shortMinutes = 5
/** So many asks are shown at once; the next follow as these are answered. */
const mostAsks = 3

type Ask = NonNullable<TerminalInfo['keyboard']>['asks'][number]
type Wish = (wish: KeyboardWish) => void

export function KeyboardBar({ terminal }: { terminal: TerminalInfo }) {
  const { terminals, notices, presence, link, repl, person } = useWorkbench()
  const others = useStore(presence.people).filter(({ isMe }) => !isMe)
  const role = useStore(link.doors.latest)?.role ?? repl.role
  const { mayType, mayGive, isMine } = useKeyboard(terminal)
  const { holder, until, back, asks } = terminal.keyboard ?? noKeyboard
  const isAlone = others.length === 0 && holder === null && asks.length === 0
  const isLive = useStore(link.phase).phase === 'live'
  if (!isLive || terminal.keyboard === undefined || terminal.exit !== null || isAlone) return null
  const wish: Wish = (wanted) => notices.attempt('terminal', () => terminals.keyboard(wanted))
  const simply = (op: 'ask' | 'withdraw' | 'take' | 'release') => (): void =>
    wish({ terminal: terminal.id, op })
  const isOwner = can(role, 'terminal.assign')
  const mayGet = others.filter(
    ({ user }) => user.id !== holder?.id && (isOwner || can(user.role, 'terminal.type')),
  )
  const hasAsked = asks.some(({ id }) => id === person.id)
  return (
    <div
      role="group"
      aria-label={`Keyboard of ${terminal.name}`}
      data-testid="keyboard-bar"
      className="flex shrink-0 flex-wrap items-center gap-x-2 gap-y-1 border-b border-line bg-surface px-3 py-1 text-label"
    >
      <Keyboard size={13} className="shrink-0 text-muted" aria-hidden />
      <p className="text-muted" data-testid="keyboard-words">
        {words({ holder: holder?.name ?? null, isMine, mayType })}
        {until !== null && (
          <>
            {' '}
            until <ClockTime at={until} />
          </>
        )}
        {hasAsked && '. You asked for the keyboard'}
      </p>
      <span className="ml-auto flex flex-wrap gap-1">
        {!mayType && !isOwner && (
          <Button size="small" look="quiet" onClick={simply(hasAsked ? 'withdraw' : 'ask')}>
            <Hand size={13} aria-hidden /> {hasAsked ? 'Withdraw' : 'Ask for the keyboard'}
          </Button>
        )}
        {holder === null && mayType && (
          <Button size="small" look="quiet" onClick={simply('take')}>
            Drive alone
          </Button>
        )}
        {holder !== null && !isMine && isOwner && (
          <Button size="small" look="quiet" onClick={simply('take')}>
            Take the keyboard
          </Button>
        )}
        {mayGive && mayGet.length > 0 && <GiveMenu people={mayGet} terminal={terminal.id} wish={wish} />}
        {isMine && (
          <Button size="small" look="quiet" onClick={simply('release')}>
            {back === null ? 'Let everybody type' : `Give it back to ${back.name}`}
          </Button>
        )}
      </span>
      {mayGive && asks.length > 0 && <Asks {...{ asks, isOwner, terminal: terminal.id, wish }} />}
    </div>
  )
}

function words(of: { holder: string | null; isMine: boolean; mayType: boolean }): string {
  if (of.isMine) return 'Only you type here'
  if (of.holder !== null) return `Only ${of.holder} types here`
  return of.mayType ? 'Everybody who can edit types here' : 'You watch this terminal'
}

interface GiveMenuProps {
  people: { user: { id: string; name: string } }[]
  terminal: number
  wish: Wish
}

function GiveMenu({ people, terminal, wish }: GiveMenuProps) {
  const items = (minutes?: number) =>
    people.map(({ user }) => (
      <MenuItem
        key={user.id}
        onSelect={() =>
          wish({ terminal, op: 'give', to: user.id, ...(minutes === undefined ? {} : { minutes }) })
        }
      >
        Give it to {user.name}
        {minutes !== undefined && <span className="sr-only"> for {minutes} minutes</span>}
      </MenuItem>
    ))
  return (
    <Menu
      trigger={
        <Button size="small" look="quiet">
          Give the keyboard…
        </Button>
      }
    >
      <MenuLabel>Until they give it back</MenuLabel>
      {items()}
      <MenuSeparator />
      <MenuLabel>For {shortMinutes} minutes</MenuLabel>
      {items(shortMinutes)}
    </Menu>
  )
}

interface AsksProps {
  asks: Ask[]
  isOwner: boolean
  terminal: number
  wish: Wish
}

function Asks({ asks, isOwner, terminal, wish }: AsksProps) {
  return (
    <ul className="w-full" data-testid="keyboard-asks">
      {asks.slice(0, mostAsks).map((ask) => (
        <li key={ask.id} className="flex flex-wrap items-center gap-2 py-0.5">
          <Hand size={13} className="shrink-0 text-warn" aria-hidden />
          <span className="flex-1">
            {ask.name} asks for the keyboard
            {!isOwner && !can(ask.role, 'terminal.type') && (
              <span className="text-muted"> (a viewer: the owner decides)</span>
            )}
          </span>
          <AskButtons {...{ ask, isOwner, terminal, wish }} />
        </li>
      ))}
      {asks.length > mostAsks && <li className="text-muted">and {asks.length - mostAsks} more</li>}
    </ul>
  )
}

function AskButtons({ ask, isOwner, terminal, wish }: Omit<AsksProps, 'asks'> & { ask: Ask }) {
  const mayGet = isOwner || can(ask.role, 'terminal.type')
  return (
    <span className="flex gap-1">
      {mayGet && (
        <>
          <Button
            size="small"
            aria-label={`Give the keyboard to ${ask.name}`}
            onClick={() => wish({ terminal, op: 'give', to: ask.id })}
          >
            Give
          </Button>
          <Button
            size="small"
            aria-label={`${shortMinutes} min: give the keyboard to ${ask.name} for ${shortMinutes} minutes`}
            onClick={() => wish({ terminal, op: 'give', to: ask.id, minutes: shortMinutes })}
          >
            {shortMinutes} min
          </Button>
        </>
      )}
      <Button
        size="small"
        look="quiet"
        aria-label={`Decline ${ask.name}`}
        onClick={() => wish({ terminal, op: 'decline', to: ask.id })}
      >
        Decline
      </Button>
    </span>
  )
}
