// Everything a page holds for one repl, started and ended together: link, files, documents, terminals, people. It draws nothing.
import type { Person, Phase, Repl } from '../../protocol/repl.ts'
import type { Opened } from '../../protocol/tree.ts'
import { isOpen } from '../ui/phase.ts'
import { createDocuments, type Documents, type TextFile } from './editor/documents.ts'
import { createTabs, type Tabs } from './editor/tabs.ts'
import { createFiles, type Files } from './files/files.ts'
import { askDoors, askFirstFiles } from './link/app-door.ts'
import { openLink, type Link } from './link/link.ts'
import { connectionWord, type ConnectionWord } from './link/words.ts'
import type { Area } from './notices.ts'
import { beKeeper, type Keeper } from './offline/keeper.ts'
import type { Leftovers } from './offline/leftovers.ts'
import { askPreview, sharePreview } from './preview/ask-preview.ts'
import { createPreviews, type Previews } from './preview/previews.ts'
import { createPresence, type Presence } from './people/presence.ts'
import { sayRoles } from './people/say-roles.ts'
import { createSearch, type Search } from './search/search.ts'
import { listen, createScope, type Scope } from './scope.ts'
import { createStore, derive, until, type Readable } from './store.ts'
import { createTerminals, type Terminals } from './terminal/terminals.ts'

export type WorkbenchCore = {
  link: Link
  files: Files
  documents: Documents
  tabs: Tabs
  terminals: Terminals
  presence: Presence
  previews: Previews
  search: Search
  connection: Readable<ConnectionWord>
  isViewer: Readable<boolean>
  /** What the server says of the session, as soon as this page knows. */
  sawPhase: (phase: Phase) => void
  dispose: () => void
}

export type WorkbenchParts = Pick<Repl, 'id' | 'role' | 'template'> & {
  /** Words about something that did not happen, in the panel where it was tried. */
  say: (area: Area, words: string) => void
  person: Pick<Person, 'id'>
  openLink?: () => Link
}

const memoryKey = (repl: string): string => `devex:tabs:${repl}`

export function startWorkbench(parts: WorkbenchParts): WorkbenchCore {
  const { id, role, template, say, person, openLink: open } = parts
  const scope = createScope()
  const link = open?.() ?? openLink({ ask: () => askDoors(id) })
  scope.add(link.dispose)
  const { doors, live } = link
  const files = createFiles({ live, doors })
  scope.add(files.dispose)
  // Some browsers keep nothing for pages. A viewer may be made an editor, and may have been one.
  const keeper = 'indexedDB' in window ? beKeeper({ person: person.id, repl: id }) : null
  if (keeper !== null) scope.add(keeper.release)
  const documents = createDocuments({
    doors,
    repl: id,
    say: (words) => say('editor', words),
    reopen: async (path) => textOf(await files.open(path)),
    keep: keeper?.keep ?? null,
  })
  scope.add(documents.dispose)
  const tabs = rememberedTabs({ id, documents, files, link })
  scope.add(tabs.dispose)
  if (localStorage.getItem(memoryKey(id)) === null) void openFirstFiles(tabs, template)
  scope.add(files.onDocument(tabs.told))
  scope.add(files.onDocument(documents.told))
  scope.add(documents.onReplaced(tabs.replaced))
  const unlogged = derive([documents.summary], () => documents.summary.get().unlogged)
  scope.add(unlogged.dispose)
  const terminals = createTerminals({ live, unlogged, refused: (words) => say('terminal', words) })
  scope.add(terminals.dispose)
  const presence = createPresence(doors, live)
  scope.add(presence.dispose)
  const { previews, search } = lookingOf(id, link, scope)
  const isViewer = derive([doors.latest], () => (doors.latest.get()?.role ?? role) === 'viewer')
  scope.add(isViewer.dispose)
  const found =
    keeper === null ? createStore(0) : bringHome({ keeper, link, documents, files, isViewer, say }, scope)
  scope.add(sayRoles(link, { role, say: (words) => say('role', words) }))
  const { connection, sawPhase } = watchConnection({ link, documents, isViewer, found }, scope)
  scope.add(guardLeaving(documents))
  scope.add(followNetwork(link, documents))
  return {
    link,
    files,
    documents,
    tabs,
    terminals,
    presence,
    previews,
    search,
    connection,
    isViewer,
    sawPhase,
    dispose: scope.dispose,
  }
}

/** What only looks at the repl and changes nothing of it. */
function lookingOf(
  repl: string,
  { live, doors }: Link,
  scope: Scope,
): Pick<WorkbenchCore, 'previews' | 'search'> {
  const previews = createPreviews({
    live,
    ask: (wish) => askPreview(repl, wish),
    share: (wish) => sharePreview(repl, wish),
  })
  const search = createSearch(doors)
  scope.add(previews.dispose)
  scope.add(search.dispose)
  return { previews, search }
}

const textOf = (opened: Opened): TextFile | null => (opened.kind === 'text' ? opened : null)

type Tabbing = { id: string; documents: Documents; files: Files; link: Link }

function rememberedTabs({ id, documents, files, link }: Tabbing): Tabs {
  return createTabs({
    documents,
    // A tab remembered from before may be asked for while the link is still being made.
    ask: async (path) => {
      await until(link.phase, (phase) => phase.phase === 'live' || phase.phase === 'refused')
      return files.open(path)
    },
    memory: {
      read: () => localStorage.getItem(memoryKey(id)),
      write: (text) => localStorage.setItem(memoryKey(id), text),
    },
  })
}

type Bringing = Pick<WorkbenchCore, 'link' | 'documents' | 'files' | 'isViewer'> &
  Pick<WorkbenchParts, 'say'> & { keeper: Keeper }

/** Brings edits of earlier pages home, as soon as that can be done; answers how many wait. */
function bringHome(of: Bringing, scope: Scope): Leftovers['waiting'] {
  const { keeper, link, documents, files, isViewer, say } = of
  const isLive = (): boolean => link.phase.get().phase === 'live'
  const leftovers = keeper.leftovers({
    documents,
    // What waits of a viewer stays where it is until they may edit again.
    isLive: () => isLive() && !isViewer.get(),
    open: files.open,
    say: (words) => say('page', words),
  })
  scope.add(leftovers.dispose)
  const lookAgain = (): void => (isLive() ? leftovers.look() : undefined)
  for (const store of [link.phase, isViewer]) scope.add(store.subscribe(lookAgain))
  return leftovers.waiting
}

/** At a first visit the template's own choice is open, in its order. */
async function openFirstFiles(tabs: Tabs, template: string): Promise<void> {
  for (const path of await askFirstFiles(template)) tabs.open(path, { quietly: true })
}

type Watched = {
  link: Link
  documents: Documents
  isViewer: Readable<boolean>
  found: Leftovers['waiting']
}

/** The connection's word, from everything that it is about. */
function watchConnection(watched: Watched, scope: Scope): Pick<WorkbenchCore, 'connection' | 'sawPhase'> {
  const { link, documents, isViewer, found } = watched
  const phase = createStore<Phase>('RUNNING')
  const connection = derive([link.phase, documents.summary, isViewer, phase, found], () =>
    connectionNow(watched, phase.get()),
  )
  scope.add(connection.dispose)
  return {
    connection,
    sawPhase: (now) => {
      const wasOpen = isOpen(phase.get())
      phase.set(now)
      if (isOpen(now) && !wasOpen) link.hurry()
    },
  }
}

function connectionNow({ link, documents, isViewer, found }: Watched, phase: Phase): ConnectionWord {
  const { unsaved, awaySince, readOnly, isKept, isLate } = documents.summary.get()
  return connectionWord({
    link: link.phase.get(),
    session: sessionOf(phase),
    roomsAwaySince: awaySince,
    isLate,
    waiting: unsaved + found.get(),
    isKept,
    isViewer: isViewer.get(),
    readOnly,
  })
}

function sessionOf(phase: Phase): 'here' | 'coming' | 'ended' {
  if (isOpen(phase)) return 'here'
  if (phase === 'STARTING' || phase === 'RECOVERING') return 'coming'
  return 'ended'
}

/** The browser asks before it leaves a page that alone holds edits; what is in its store comes back by itself. */
function guardLeaving(documents: Documents): () => void {
  const stops = [
    listen(window, 'beforeunload', (event) => {
      if (!documents.summary.get().isKept) event.preventDefault()
    }),
    listen(window, 'pagehide', documents.leaveNothing),
  ]
  return () => stops.forEach((stop) => stop())
}

/** A browser that changes networks keeps dead sockets for half a minute: both ways are tried anew at once. */
function followNetwork(link: Link, documents: Documents): () => void {
  const retry = (): void => {
    link.retry()
    documents.retry()
  }
  const stops = [listen(window, 'offline', retry), listen(window, 'online', retry)]
  return () => stops.forEach((stop) => stop())
}
