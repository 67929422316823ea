// Search in files: the question with its switches, and every place found, by file. What is found is core's.
import { CaseSensitive, Regex, WholeWord, X } from 'lucide-react'
import { useEffect, useRef, type ReactNode } from 'react'
import { folderOf, nameOf } from '../../../protocol/paths.ts'
import type { SearchMatch, SearchQuery } from '../../../protocol/search.ts'
import { IconButton } from '../../ui/button.tsx'
import { shownName, shownPath, shownText } from '../../ui/shown-name.ts'
import { FileIcon } from '../files/file-icon.tsx'
import { UnshownNote } from '../files/unshown-note.tsx'
import { goToRegion } from '../regions.ts'
import { usePart, useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import type { FoundFile, SearchState } from './search.ts'

/** More places than these are not drawn: nobody reads them, and typing goes on. */
const drawnAtMost = 500

type Switch = 'caseSensitive' | 'wholeWord' | 'regex'
const switches: { name: Switch; label: string; icon: ReactNode }[] = [
  { name: 'caseSensitive', label: 'Match case', icon: <CaseSensitive size={15} aria-hidden /> },
  { name: 'wholeWord', label: 'Whole words', icon: <WholeWord size={15} aria-hidden /> },
  { name: 'regex', label: 'Regular expression', icon: <Regex size={14} aria-hidden /> },
]

export function SearchPanel() {
  const { search, view } = useWorkbench()
  const state = useStore(search.state)
  const side = usePart(view, (now) => now.side)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (side === 'search') field.current?.select()
  }, [side])
  const { query } = state
  const change = (part: Partial<SearchQuery>): void => search.ask({ ...query, ...part })
  const back = (): void => {
    view.update((now) => ({ ...now, side: 'files' }))
    // What had the keyboard is hidden with the search: the files take it, once they are drawn.
    requestAnimationFrame(() => goToRegion('files'))
  }
  return (
    <section aria-label="Search" data-testid="search" className="flex h-full min-h-0 flex-col">
      <header className="flex h-(--bar-tabs) shrink-0 items-center pr-1 pl-3">
        <h2 className="flex-1 text-label font-semibold tracking-wide text-muted uppercase">Search</h2>
        <IconButton label="Back to the files" icon={<X size={14} aria-hidden />} onClick={back} />
      </header>
      <div className="flex shrink-0 flex-col gap-1 px-2 pb-2">
        <input
          ref={field}
          data-region-entry
          aria-label="Search in files"
          placeholder="Search in files"
          value={query.text}
          maxLength={500}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => change({ text: event.target.value })}
          onKeyDown={(event) => event.key === 'Escape' && back()}
          className="h-7 w-full rounded-md border border-edge bg-ground px-2 outline-none placeholder:text-muted focus:border-accent pointer-coarse:h-10"
        />
        <div className="flex items-center gap-0.5">
          {switches.map(({ name, label, icon }) => (
            <IconButton
              key={name}
              label={label}
              icon={icon}
              aria-pressed={query[name]}
              onClick={() => change({ [name]: !query[name] })}
              className="aria-pressed:bg-accent-soft aria-pressed:text-accent"
            />
          ))}
          <p role="status" className="min-w-0 flex-1 truncate pr-1 text-right text-label text-muted">
            {wordsOf(state)}
          </p>
        </div>
        {state.step === 'failed' && (
          <p role="alert" className="text-label wrap-anywhere text-bad">
            {state.say}
          </p>
        )}
      </div>
      <Results state={state} />
      {state.step !== 'idle' && <UnshownNote what="searched" />}
    </section>
  )
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

function wordsOf(state: SearchState): string {
  if (state.step === 'searching') return 'Searching'
  if (state.step !== 'done') return ''
  if (state.stopped === 'slow') return 'Stopped: this takes too long'
  if (state.places === 0) return 'Nothing found'
  const all = `${counted(state.places, 'place')} in ${counted(state.found.length, 'file')}`
  return state.stopped === 'many' ? `The first ${all}` : all
}

function Results({ state }: { state: SearchState }) {
  return (
    <div className="min-h-0 flex-1 overflow-y-auto pb-4">
      {drawnOf(state.found).map((file) => (
        <FileResults key={file.path} file={file} />
      ))}
      {state.places > drawnAtMost && (
        <p className="px-3 py-2 text-label text-muted">
          The first {drawnAtMost} are shown. Search more narrowly for the others.
        </p>
      )}
    </div>
  )
}

function drawnOf(found: readonly FoundFile[]): FoundFile[] {
  const drawn: FoundFile[] = []
  let left = drawnAtMost
  for (const { path, matches } of found) {
    if (left <= 0) break
    drawn.push({ path, matches: matches.slice(0, left) })
    left -= matches.length
  }
  return drawn
}

function FileResults({ file }: { file: FoundFile }) {
  const name = nameOf(file.path)
  return (
    <div className="[content-visibility:auto]">
      <h3 className="flex h-6 items-center gap-1.5 px-2 pointer-coarse:h-10" title={shownPath(file.path)}>
        <FileIcon name={name} />
        <span className="max-w-[75%] shrink-0 truncate whitespace-pre">{shownName(name)}</span>
        <span className="min-w-0 flex-1 truncate text-label text-muted">
          {shownPath(folderOf(file.path))}
        </span>
        <span className="text-label text-muted tabular-nums">{file.matches.length}</span>
      </h3>
      <ul>
        {file.matches.map((match) => (
          <li key={`${match.line}:${match.column}`}>
            <Place path={file.path} match={match} />
          </li>
        ))}
      </ul>
    </div>
  )
}

function Place({ path, match }: { path: string; match: SearchMatch }) {
  const { tabs, view } = useWorkbench()
  const { line, column, length, text, at } = match
  const show = (): void => {
    tabs.open(path)
    view.update((now) => ({ ...now, place: { path, line, column, length }, narrow: 'editor' }))
  }
  const before = text.slice(0, at).trimStart()
  return (
    <button
      type="button"
      onClick={show}
      className="flex h-6 w-full items-center gap-2 pr-2 pl-7 text-left hover:bg-hover focus-visible:bg-hover pointer-coarse:h-10"
    >
      <span className="w-8 shrink-0 text-right text-label text-muted tabular-nums">{line}</span>
      <span className="truncate font-mono text-label whitespace-pre">
        {shownText(before)}
        <mark className="rounded-xs bg-accent-soft text-ink">{shownText(text.slice(at, at + length))}</mark>
        {shownText(text.slice(at + length))}
      </span>
    </button>
  )
}
