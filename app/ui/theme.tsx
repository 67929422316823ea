// The chosen theme: kept in a cookie by the server, worn by <html data-theme>. Colours themselves are in tokens.css.
import { createContext, useContext, useSyncExternalStore, type ReactNode } from 'react'
import { z } from 'zod'
import { postJson } from './post.ts'
import { Theme } from './theme-choice.ts'

const Chosen = createContext<Theme>('system')

export function ThemeScope({ theme, children }: { theme: Theme; children: ReactNode }) {
  return <Chosen.Provider value={theme}>{children}</Chosen.Provider>
}

const prefersDark = '(prefers-color-scheme: dark)'

function subscribe(listener: () => void): () => void {
  const query = matchMedia(prefersDark)
  query.addEventListener('change', listener)
  const watcher = new MutationObserver(listener)
  watcher.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  return () => {
    query.removeEventListener('change', listener)
    watcher.disconnect()
  }
}

function worn(): 'light' | 'dark' {
  const chosen = document.documentElement.dataset['theme']
  if (chosen === 'light' || chosen === 'dark') return chosen
  return matchMedia(prefersDark).matches ? 'dark' : 'light'
}

/** What the person chose, and what that comes to on this screen now (the server guesses light). */
export function useTheme(): { chosen: Theme; worn: 'light' | 'dark' } {
  const rendered = useContext(Chosen)
  const chosen = useSyncExternalStore(
    subscribe,
    () => Theme.safeParse(document.documentElement.dataset['theme']).data ?? rendered,
    () => rendered,
  )
  return { chosen, worn: useSyncExternalStore(subscribe, worn, () => 'light' as const) }
}

/** Wears `theme` at once and keeps it for the next visit. */
export async function chooseTheme(theme: Theme): Promise<void> {
  document.documentElement.dataset['theme'] = theme
  await postJson('/theme', { theme }, z.object({ theme: Theme }))
}
