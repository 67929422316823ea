// Everything a page holds for one repl, started and ended together: link, files, documents, terminals, people. It draws nothing.
import type { Repl } from '../../protocol/repl.ts'
import { createDocuments, type Documents } from './editor/documents.ts'
import { createTabs, type Tabs } from './editor/tabs.ts'
import { createFiles, type Files } from './files/files.ts'
import { askDoors, askFirstFiles } from './link/app-door.ts'
import { openLink, type Link } from './link/link.ts'
import { connectionWord, type ConnectionWord } from './link/words.ts'
import type { Area } from './notices.ts'
import { createPresence, type Presence } from './people/presence.ts'
import { listen, createScope } from './scope.ts'
import { derive, until, type Readable } from './store.ts'
import { createTerminals, type Terminals } from './terminal/terminals.ts'

export type WorkbenchCore = {
  link: Link
  files: Files
  documents: Documents
  tabs: Tabs
  terminals: Terminals
  presence: Presence
  connection: Readable<ConnectionWord>
  isViewer: Readable<boolean>
  dispose: () => void
}

export type WorkbenchParts = Pick<Repl, 'id' | 'role' | 'template'> & {
  /** Words about something that did not happen, in the panel where it was tried. */
  say: (area: Area, words: string) => void
  openLink?: () => Link
}

const memoryKey = (repl: string): string => `devex:tabs:${repl}`

export function startWorkbench({ id, role, template, say, openLink: open }: WorkbenchParts): WorkbenchCore {
  const scope = createScope()
  const link = open?.() ?? openLink({ ask: () => askDoors(id) })
  scope.add(link.dispose)
  const { doors, live } = link
  const files = createFiles({ live, doors })
  scope.add(files.dispose)
  const documents = createDocuments({
    doors,
    repl: id,
    say: (words) => say('editor', words),
    reopen: async (doc) => {
      const path = tabs.state
        .get()
        .tabs.find((tab) => tab.view.kind === 'text' && tab.view.document.id === doc)?.path
      const opened = path === undefined ? null : await files.open(path)
      return opened?.kind === 'text' && opened.doc === doc ? opened : null
    },
  })
  scope.add(documents.dispose)
  const tabs = createTabs({
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
  scope.add(tabs.dispose)
  if (localStorage.getItem(memoryKey(id)) === null) void openFirstFiles(tabs, template)
  scope.add(files.onDocument(tabs.told))
  scope.add(documents.onReplaced(tabs.replaced))
  const unlogged = derive([documents.summary], () => documents.summary.get().unlogged)
  scope.add(unlogged.dispose)
  const terminals = createTerminals({ live, unlogged, refused: (words) => say('terminal', words) })
  scope.add(terminals.dispose)
  const presence = createPresence(doors, live)
  scope.add(presence.dispose)
  const isViewer = derive([doors.latest], () => (doors.latest.get()?.role ?? role) === 'viewer')
  scope.add(isViewer.dispose)
  const connection = derive([link.phase, documents.summary, isViewer], () =>
    connectionNow(link, documents, isViewer),
  )
  scope.add(connection.dispose)
  scope.add(guardLeaving(documents))
  scope.add(listen(window, 'online', link.hurry))
  return { link, files, documents, tabs, terminals, presence, connection, isViewer, dispose: scope.dispose }
}

/** At a first visit the template's own choice is open, in its order. */
async function openFirstFiles(tabs: Tabs, template: string): Promise<void> {
  for (const path of await askFirstFiles(template)) tabs.open(path, { quietly: true })
}

function connectionNow(link: Link, documents: Documents, isViewer: Readable<boolean>): ConnectionWord {
  const { unsaved, awaySince, readOnly } = documents.summary.get()
  return connectionWord({
    link: link.phase.get(),
    roomsAwaySince: awaySince,
    waiting: unsaved,
    isViewer: isViewer.get(),
    readOnly,
  })
}

/** The browser asks before it leaves a page whose edits are on no disk yet. */
function guardLeaving(documents: Documents): () => void {
  return listen(window, 'beforeunload', (event) => {
    if (documents.summary.get().unsaved > 0) event.preventDefault()
  })
}
