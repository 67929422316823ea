// The open files of this page: which, in what order, which one is shown; remembered over a reload. It draws nothing.
import { z } from 'zod'
import { asAppError } from '../../../protocol/errors.ts'
import { isWithin } from '../../../protocol/paths.ts'
import type { DocumentEvent, Opened } from '../../../protocol/tree.ts'
import { createStore, type Readable } from '../store.ts'
import type { OpenDocument } from './document.ts'
import type { Documents } from './documents.ts'

export type TabView =
  | { kind: 'opening' }
  | { kind: 'failed'; say: string }
  | { kind: 'text'; document: OpenDocument; eol: 'lf' | 'crlf' | 'mixed' }
  | { kind: 'binary' | 'too-large'; size: number }

export type Tab = {
  /** Stable while the tab lives, whatever its file is called. */
  key: number
  path: string
  view: TabView
  /** Its file is no longer on the disk. */
  isGone: boolean
}

export type TabsState = { tabs: Tab[]; active: number | null }

export type Tabs = {
  state: Readable<TabsState>
  open: (path: string, manner?: { quietly: boolean }) => void
  activate: (key: number) => void
  close: (key: number) => void
  /** Shows the tab `by` places further, around the end. */
  step: (by: 1 | -1) => void
  retry: (key: number) => void
  /** A file or folder was moved by this page or another. */
  moved: (from: string, to: string) => void
  told: (event: DocumentEvent) => void
  replaced: (doc: string) => void
  dispose: () => void
}

export type TabsParts = {
  documents: Documents
  ask: (path: string) => Promise<Opened>
  /** Where the list is remembered, or null for nowhere. */
  memory: { read: () => string | null; write: (text: string) => void }
}

const Remembered = z.object({ paths: z.array(z.string()).max(100), active: z.string().nullable() })

export function createTabs({ documents, ask, memory }: TabsParts): Tabs {
  const state = createStore<TabsState>({ tabs: [], active: null })
  let keys = 0
  const find = (key: number): Tab | undefined => state.get().tabs.find((tab) => tab.key === key)
  const change = (key: number, next: Partial<Tab>): void =>
    state.update((now) => ({
      ...now,
      tabs: now.tabs.map((tab) => (tab.key === key ? { ...tab, ...next } : tab)),
    }))
  const release = (tab: Tab): void => {
    if (tab.view.kind === 'text') documents.close(tab.view.document.id)
  }
  const look = async (key: number, path: string): Promise<void> => {
    try {
      const opened = await ask(path)
      if (find(key) === undefined) return
      const view: TabView =
        opened.kind === 'text'
          ? { kind: 'text', document: documents.open(opened), eol: opened.eol }
          : { kind: opened.kind, size: opened.size }
      change(key, { path: opened.path, view, isGone: false })
    } catch (thrown) {
      change(key, { view: { kind: 'failed', say: asAppError(thrown).say } })
    }
  }
  const remember = (): void => {
    const { tabs, active } = state.get()
    const shown = tabs.find((tab) => tab.key === active)?.path ?? null
    memory.write(JSON.stringify({ paths: tabs.map((tab) => tab.path), active: shown }))
  }
  const forget = state.subscribe(remember)
  const open: Tabs['open'] = (path, manner) => {
    const known = state.get().tabs.find((tab) => tab.path === path)
    const key = known?.key ?? (keys += 1)
    const isShown = manner?.quietly !== true || state.get().active === null
    state.update(({ tabs, active }) => ({
      tabs: known === undefined ? [...tabs, { key, path, view: { kind: 'opening' }, isGone: false }] : tabs,
      active: isShown ? key : active,
    }))
    if (known === undefined) void look(key, path)
    else if (known.isGone || known.view.kind === 'failed') tabs.retry(key)
  }
  const tabs: Tabs = {
    state,
    open,
    activate: (key) => state.update((now) => ({ ...now, active: key })),
    close: (key) => {
      const { tabs, active } = state.get()
      const at = tabs.findIndex((tab) => tab.key === key)
      const tab = tabs[at]
      if (tab === undefined) return
      const rest = tabs.filter((other) => other !== tab)
      const next = (rest[at] ?? rest[at - 1])?.key ?? null
      state.set({ tabs: rest, active: active === key ? next : active })
      release(tab)
    },
    step: (by) =>
      state.update((now) => {
        const at = now.tabs.findIndex((tab) => tab.key === now.active)
        const next = now.tabs[(at + by + now.tabs.length) % now.tabs.length]
        return next === undefined ? now : { ...now, active: next.key }
      }),
    retry: (key) => {
      const tab = find(key)
      if (tab === undefined) return
      release(tab)
      change(key, { view: { kind: 'opening' } })
      void look(key, tab.path)
    },
    moved: (from, to) => {
      for (const tab of state.get().tabs) {
        if (isWithin(from, tab.path)) change(tab.key, { path: to + tab.path.slice(from.length) })
      }
    },
    told: (event) => {
      for (const tab of state.get().tabs) {
        if (tab.view.kind !== 'text' || tab.view.document.id !== event.doc) continue
        change(tab.key, event.kind === 'gone' ? { isGone: true } : { path: event.path, isGone: false })
      }
    },
    replaced: (doc) => {
      const document = documents.get(doc)
      for (const tab of state.get().tabs) {
        if (tab.view.kind !== 'text' || tab.view.document.id !== doc || document === null) continue
        change(tab.key, { view: { ...tab.view, document } })
      }
    },
    dispose: () => {
      forget()
      for (const tab of state.get().tabs) release(tab)
    },
  }
  restore(tabs, memory.read())
  return tabs
}

function restore(tabs: Tabs, text: string | null): void {
  if (text === null) return
  const parsed = Remembered.safeParse(parseJson(text))
  if (!parsed.success) return
  for (const path of parsed.data.paths) tabs.open(path, { quietly: path !== parsed.data.active })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
