// Who is in this repl and where: the repl's presence room as a list of people. It keeps nothing and draws nothing.
import * as Y from 'yjs'
import { presenceRoom } from '../../../protocol/document.ts'
import { Whereabouts, type PresenceUser } from '../../../protocol/presence.ts'
import type { DoorsKeeper } from '../link/doors.ts'
import { eachSession } from '../link/each-session.ts'
import type { Live } from '../link/live.ts'
import { onOwnStamp } from '../room/own-stamp.ts'
import { joinRoom, type Room } from '../room/room.ts'
import { createScope } from '../scope.ts'
import { createStore, type Readable } from '../store.ts'

/** One person, once, however many pages they have open. */
export type Present = {
  user: PresenceUser
  isMe: boolean
  files: string[]
  terminals: number[]
}

export type Presence = {
  people: Readable<Present[]>
  /** Says where this page is; the same again is not sent. */
  show: (where: Where) => void
  dispose: () => void
}

type Where = { file: string | null; terminal: number | null }

/** The room is joined once a runner has proven itself, and left when its session ends. */
export function createPresence(doors: DoorsKeeper, live: Readable<Live | null>): Presence {
  const scope = createScope()
  const people = createStore<Present[]>([])
  let where: Where = { file: null, terminal: null }
  let room: Room | null = null
  let colorIndex = 0
  const tell = (): void => {
    const me = doors.latest.get()
    if (room === null || me === null) return
    // The relay stamps its own word over `user`; without one, peers could not show us before that.
    const user = { id: me.person.id, name: me.person.name, role: me.role, colorIndex }
    room.provider.awareness.setLocalState({ user, ...where })
  }
  scope.add(
    eachSession(live, (session) => {
      const doc = new Y.Doc()
      const name = `${session.doors.repl}/${presenceRoom.doc}/${presenceRoom.epoch}`
      const joined = joinRoom({ doors, name, doc, events: {} })
      room = joined
      const { awareness } = joined.provider
      const look = (): void => {
        const next = peopleOf([...awareness.getStates().values()], doors.latest.get()?.person.id)
        if (JSON.stringify(next) !== JSON.stringify(people.get())) people.set(next)
      }
      awareness.on('change', look)
      onOwnStamp(joined.provider, (user) => {
        if (user.colorIndex === colorIndex) return
        colorIndex = user.colorIndex
        tell()
      })
      tell()
      return () => {
        awareness.off('change', look)
        joined.dispose()
        doc.destroy()
        room = null
        people.set([])
      }
    }),
  )
  // Stamped anew by the relay with the role that the token has now.
  let shownRole: string | undefined
  scope.add(
    doors.latest.subscribe(() => {
      const role = doors.latest.get()?.role
      if (role !== shownRole) tell()
      shownRole = role
    }),
  )
  return {
    people,
    show: (next) => {
      if (next.file === where.file && next.terminal === where.terminal) return
      where = next
      tell()
    },
    dispose: scope.dispose,
  }
}

/** People in the order of their colours; of a person with several pages every place is told. */
export function peopleOf(states: unknown[], myId: string | undefined): Present[] {
  const found = new Map<string, Present>()
  for (const state of states) {
    const parsed = Whereabouts.safeParse(state)
    if (!parsed.success) continue
    const { user, file, terminal } = parsed.data
    const known = found.get(user.id) ?? { user, isMe: user.id === myId, files: [], terminals: [] }
    if (file && !known.files.includes(file)) known.files.push(file)
    if (terminal && !known.terminals.includes(terminal)) known.terminals.push(terminal)
    found.set(user.id, known)
  }
  return [...found.values()].sort(
    (a, b) => a.user.colorIndex - b.user.colorIndex || (a.user.id < b.user.id ? -1 : 1),
  )
}
