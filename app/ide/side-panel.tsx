// The upper part of the side: the files, or a search in them. Both stay as they were while the other is shown.
import { useEffect } from 'react'
import { FilesPanel } from './files/files-panel.tsx'
import { SearchPanel } from './search/search-panel.tsx'
import { usePart } from './use-store.ts'
import { useWorkbench } from './workbench-context.ts'

export function SidePanel() {
  const { view } = useWorkbench()
  const side = usePart(view, (now) => now.side)
  useSearchKeys()
  return (
    <>
      <div className="h-full" hidden={side !== 'files'}>
        <FilesPanel />
      </div>
      <div className="h-full" hidden={side !== 'search'}>
        <SearchPanel />
      </div>
    </>
  )
}

/** Ctrl+Shift+F or ⌘⇧F, from the editor and the terminal too. */
function useSearchKeys(): void {
  const { view } = useWorkbench()
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || !event.shiftKey || event.key.toLowerCase() !== 'f') return
      event.preventDefault()
      event.stopPropagation()
      view.update((now) => ({ ...now, side: 'search', narrow: 'files' }))
    }
    window.addEventListener('keydown', press, true)
    return () => window.removeEventListener('keydown', press, true)
  }, [view])
}
