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
const forced = '(forced-colors: active)'

/** What is on the screen: one of our two, or colours that the system forces on every page, on a light or a dark ground. */
export type Worn = 'light' | 'dark' | 'forced-light' | 'forced-dark'

export const isDark = (worn: Worn): boolean => worn === 'dark' || worn === 'forced-dark'
export const isForced = (worn: Worn): boolean => worn === 'forced-light' || worn === 'forced-dark'

function subscribe(listener: () => void): () => void {
  const queries = [matchMedia(prefersDark), matchMedia(forced)]
  for (const query of queries) query.addEventListener('change', listener)
  const watcher = new MutationObserver(listener)
  watcher.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  return () => {
    for (const query of queries) query.removeEventListener('change', listener)
    watcher.disconnect()
  }
}

function worn(): Worn {
  // The system's colours hold whatever was chosen here, and it tells their ground as its preference.
  if (matchMedia(forced).matches) return matchMedia(prefersDark).matches ? 'forced-dark' : 'forced-light'
  const chosen = document.documentElement.dataset['theme']
  if (chosen === 'light' || chosen === 'dark') return chosen
  return matchMedia(prefersDark).matches ? 'dark' : 'light'
}

/** What the person chose, and what that comes to on this screen now (the server guesses light). */
export function useTheme(): { chosen: Theme; worn: Worn } {
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
