// A page without a browser: the IDE's own core (link, files, documents, terminals) in Node, its relay reached by any way a test wants.
/* oxlint-disable no-control-regex -- terminals speak in control characters */
import { WebSocket } from 'ws'
import { createDocuments, type Documents } from '../../app/ide/editor/documents.ts'
import type { OpenDocument } from '../../app/ide/editor/document.ts'
import { createFiles, type Files } from '../../app/ide/files/files.ts'
import { openLink } from '../../app/ide/link/link.ts'
import { createScope } from '../../app/ide/scope.ts'
import { derive, until, type Readable } from '../../app/ide/store.ts'
import { createTerminals, type Terminals } from '../../app/ide/terminal/terminals.ts'
import type { Doors } from '../../protocol/repl.ts'

export type PageCore = {
  files: Files
  documents: Documents
  terminals: Terminals
  /** Own edits that are not in the runner's log yet. */
  unlogged: Readable<number>
  /** Words this page would have shown about things that did not happen. */
  refusals: string[]
  /** Opens a text file and waits for its text. */
  edit(path: string): Promise<OpenDocument>
  /** Opens a shell and shows it; `text` is all that was painted so far, without colours and modes. */
  shell(): Promise<Shell>
  /** Shows a terminal that is there already. */
  watch(terminal: number): Shell
  leave(): void
}

export type Shell = { terminal: number; text(): string; type(text: string): void }

export type PagePlan = {
  ask: () => Promise<Doors>
  /** Port on loopback through which this page's relay is reached, if it is not the doors' own. */
  relayPort?: number
}

const size = { cols: 120, rows: 40 }

/** Control sequences: they move and colour, and say nothing. */
const styling = new RegExp(
  '\u001b(?:\\[[0-9;?>=!]*[A-Za-z]|\\][^\u0007\u001b]*(?:\u0007|\u001b\\\\)|[()][A-Z0-9]|[=>])',
  'g',
)

/** Comes in as a page does: doors, the runner's proof, sockets. */
export async function openPage({ ask, relayPort }: PagePlan): Promise<PageCore> {
  const scope = createScope()
  const refusals: string[] = []
  const refused = (say: string): void => void refusals.push(say)
  const { repl, collab } = await ask()
  useSockets(new URL(collab).host)
  const link = openLink({ ask: async () => throughPort(await ask(), relayPort) })
  scope.add(link.dispose)
  const { doors, live } = link
  const files = createFiles({ live, doors })
  scope.add(files.dispose)
  const documents = createDocuments({ doors, repl, say: refused, reopen: async () => null, keep: null })
  scope.add(documents.dispose)
  const unlogged = derive([documents.summary], () => documents.summary.get().unlogged)
  scope.add(unlogged.dispose)
  const terminals = createTerminals({ live, unlogged, refused })
  scope.add(terminals.dispose)
  await until(link.phase, ({ phase }) => phase === 'live')

  const watch = (terminal: number): Shell => {
    const screen = new TextDecoder()
    let painted = ''
    const viewing = terminals.view({
      terminal,
      size: () => size,
      resized: () => undefined,
      canvas: {
        write: (bytes, done) => {
          painted += screen.decode(bytes, { stream: true })
          done()
        },
        restart: () => void (painted = ''),
      },
    })
    scope.add(viewing.dispose)
    return {
      terminal,
      text: () => painted.replaceAll(styling, ''),
      type: (text) => viewing.type(new TextEncoder().encode(text)),
    }
  }
  return {
    files,
    documents,
    terminals,
    unlogged,
    refusals,
    watch,
    edit: async (path) => {
      const opened = await files.open(path)
      if (opened.kind !== 'text') throw new Error(`${path} is ${opened.kind}`)
      const document = documents.open(opened)
      await until(document.facts, ({ hasText }) => hasText)
      return document
    },
    shell: async () => {
      terminals.measured(size)
      return watch(await terminals.open())
    },
    leave: scope.dispose,
  }
}

function throughPort(doors: Doors, port: number | undefined): Doors {
  if (port === undefined) return doors
  const collab = new URL(doors.collab)
  collab.port = String(port)
  return { ...doors, collab: collab.href }
}

/** What a browser has by itself: a WebSocket. It names the front door as its host, whatever way leads there. */
function useSockets(host: string): void {
  class Socket extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols, { headers: { host } })
    }
  }
  globalThis.WebSocket = Socket as unknown as typeof globalThis.WebSocket
}
