// Who else is at a place of the repl, for the dots in tree and tabs.
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import type { Present } from './presence.ts'

/** Others (not this page's person) by the file they look at. */
export function useOthersByFile(): Map<string, Present[]> {
  const { presence } = useWorkbench()
  return group(useStore(presence.people), (person) => person.files)
}

export function useOthersByTerminal(): Map<number, Present[]> {
  const { presence } = useWorkbench()
  return group(useStore(presence.people), (person) => person.terminals)
}

function group<K>(people: Present[], placesOf: (person: Present) => K[]): Map<K, Present[]> {
  const places = new Map<K, Present[]>()
  for (const person of people) {
    if (person.isMe) continue
    for (const place of placesOf(person)) places.set(place, [...(places.get(place) ?? []), person])
  }
  return places
}
