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
  /** Shows the file; quietly: only puts it in the row, where it is asked for when it is first shown. */
  open: (path: string, manner?: { quietly: boolean }) => void
  activate: (key: number) => void
  close: (key: number) => void
  /** Shows the tab `by` places further, around the end. */
  step: (by: 1 | -1) => void
  retry: (key: number) => void
  /** A file or folder was moved by this page or another. */
  moved: (from: string, to: string) => void
  told: (event: DocumentEvent) => void
  replaced: (old: string, fresh: OpenDocument) => void
  dispose: () => void
}

export type TabsParts = {
  documents: Documents
  ask: (path: string) => Promise<Opened>
  /** Where the list is remembered, or null for nowhere. */
  memory: { read: () => string | null; write: (text: string) => void }
}

/** Milliseconds until a file is asked for again that the REPL was too busy for: other answers come meanwhile. */
const busyMs = 1_000

const Remembered = z.object({ paths: z.array(z.string()).max(100), active: z.string().nullable() })

export function createTabs(parts: TabsParts): Tabs {
  const tabs = new OpenTabs(parts)
  const remembered = Remembered.safeParse(parseJson(parts.memory.read() ?? 'null'))
  if (remembered.success) tabs.restore(remembered.data)
  // After what was remembered has been read: the first change writes it anew.
  tabs.remember()
  return tabs
}

class OpenTabs implements Tabs {
  readonly state = createStore<TabsState>({ tabs: [], active: null })
  readonly #parts: TabsParts
  /** Tabs whose file was not asked for yet: many remembered ones at once are more than the REPL answers. */
  readonly #unasked = new Set<number>()
  readonly #waits = new Set<ReturnType<typeof setTimeout>>()
  #isDisposed = false
  #keys = 0
  #forget: () => void = () => {}

  constructor(parts: TabsParts) {
    this.#parts = parts
    this.state.subscribe(() => this.#lookAtShown())
  }

  remember(): void {
    this.#forget = this.state.subscribe(() => {
      const { tabs, active } = this.state.get()
      const shown = tabs.find((tab) => tab.key === active)?.path ?? null
      this.#parts.memory.write(JSON.stringify({ paths: tabs.map((tab) => tab.path), active: shown }))
    })
  }

  /** Puts what was open before into the row; only the shown file is asked for. */
  restore({ paths, active }: z.infer<typeof Remembered>): void {
    const tabs = [...new Set(paths)].map((path): Tab => {
      const key = (this.#keys += 1)
      this.#unasked.add(key)
      return { key, path, view: { kind: 'opening' }, isGone: false }
    })
    const shown = tabs.find(({ path }) => path === active) ?? tabs[0]
    this.state.set({ tabs, active: shown?.key ?? null })
  }

  open(path: string, manner?: { quietly: boolean }): void {
    const known = this.state.get().tabs.find((tab) => tab.path === path)
    const key = known?.key ?? (this.#keys += 1)
    const isShown = manner?.quietly !== true || this.state.get().active === null
    if (known === undefined) this.#unasked.add(key)
    this.state.update(({ tabs, active }) => ({
      tabs: known === undefined ? [...tabs, { key, path, view: { kind: 'opening' }, isGone: false }] : tabs,
      active: isShown ? key : active,
    }))
    if (known !== undefined && (known.isGone || known.view.kind === 'failed')) this.retry(key)
  }

  activate(key: number): void {
    this.state.update((now) => ({ ...now, active: key }))
  }

  close(key: number): void {
    const { tabs, active } = this.state.get()
    const at = tabs.findIndex((tab) => tab.key === key)
    const tab = tabs[at]
    if (tab === undefined) return
    const rest = tabs.filter((other) => other !== tab)
    const next = (rest[at] ?? rest[at - 1])?.key ?? null
    this.state.set({ tabs: rest, active: active === key ? next : active })
    this.#release(tab)
  }

  step(by: 1 | -1): void {
    this.state.update((now) => {
      const at = now.tabs.findIndex((tab) => tab.key === now.active)
      const next = now.tabs[(at + by + now.tabs.length) % now.tabs.length]
      return next === undefined ? now : { ...now, active: next.key }
    })
  }

  retry(key: number): void {
    const tab = this.#find(key)
    if (tab === undefined) return
    this.#unasked.delete(key)
    this.#release(tab)
    this.#change(key, { view: { kind: 'opening' } })
    void this.#look(key, tab.path)
  }

  readonly moved = (from: string, to: string): void => {
    for (const tab of this.state.get().tabs) {
      if (isWithin(from, tab.path)) this.#change(tab.key, { path: to + tab.path.slice(from.length) })
    }
  }

  readonly told = (event: DocumentEvent): void => {
    for (const tab of this.#tabsOf(event.doc)) {
      this.#change(tab.key, event.kind === 'gone' ? { isGone: true } : { path: event.path, isGone: false })
    }
  }

  readonly replaced = (old: string, fresh: OpenDocument): void => {
    for (const tab of this.#tabsOf(old)) {
      if (tab.view.kind === 'text')
        this.#change(tab.key, { view: { ...tab.view, document: fresh }, isGone: false })
    }
  }

  readonly dispose = (): void => {
    this.#isDisposed = true
    this.#forget()
    for (const wait of this.#waits) clearTimeout(wait)
    for (const tab of this.state.get().tabs) this.#release(tab)
  }

  #find(key: number): Tab | undefined {
    return this.state.get().tabs.find((tab) => tab.key === key)
  }

  #tabsOf(doc: string): Tab[] {
    return this.state.get().tabs.filter(({ view }) => view.kind === 'text' && view.document.id === doc)
  }

  #change(key: number, next: Partial<Tab>): void {
    this.state.update((now) => ({
      ...now,
      tabs: now.tabs.map((tab) => (tab.key === key ? { ...tab, ...next } : tab)),
    }))
  }

  #release(tab: Tab): void {
    if (tab.view.kind === 'text') this.#parts.documents.close(tab.view.document.id)
  }

  #lookAtShown(): void {
    const tab = this.state.get().tabs.find(({ key }) => key === this.state.get().active)
    if (tab !== undefined && this.#unasked.delete(tab.key)) void this.#look(tab.key, tab.path)
  }

  #lookAgain(key: number): void {
    if (this.#isDisposed) return
    const wait = setTimeout(() => {
      this.#waits.delete(wait)
      const tab = this.#find(key)
      if (tab?.view.kind === 'opening') void this.#look(key, tab.path)
    }, busyMs)
    this.#waits.add(wait)
  }

  async #look(key: number, path: string): Promise<void> {
    try {
      const opened = await this.#parts.ask(path)
      if (this.#find(key) === undefined) return
      const view: TabView =
        opened.kind === 'text'
          ? { kind: 'text', document: this.#parts.documents.open(opened), eol: opened.eol }
          : { kind: opened.kind, size: opened.size }
      this.#change(key, { path: opened.path, view, isGone: false })
    } catch (thrown) {
      const { code, say } = asAppError(thrown)
      if (code === 'too-many') return this.#lookAgain(key)
      this.#change(key, { view: { kind: 'failed', say } })
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
