// What a page is to somebody who listens: roles, names, order and levels, without the words that are no names. From Playwright's
// snapshot of the accessibility tree.
import type { Locator } from 'playwright-core'

/** Words that are no structure: they may change without anything being lost. */
const words = /^(text|paragraph|time|mark|strong|emphasis|code|superscript|term|definition)\b|^\/url/

/** One line for each role with its name, indented as it is nested. */
export async function outlineOf(part: Locator): Promise<string> {
  const lines = (await part.ariaSnapshot()).split('\n')
  const kept = lines.flatMap((line) => {
    const [, indent = '', said = ''] = /^(\s*)- (.*)$/.exec(line) ?? []
    if (said === '' || words.test(said)) return []
    // A quoted line holds a colon in its name; what follows the colon of any other is words.
    const named = said.replace(/^'(.*)'(:.*)?$/, '$1').replace(/^([^"]*("(?:[^"\\]|\\.)*")?[^":]*):.*$/, '$1')
    return [indent + named.trimEnd()]
  })
  return `${kept.join('\n')}\n`
}

/** Times, ports and counts are another each time. */
export const steady = (outline: string): string => outline.replaceAll(/\d+/g, '#')

/** Roles that nobody can use or find without a name. */
const needName = [
  'button',
  'link',
  'textbox',
  'searchbox',
  'combobox',
  'radio',
  'checkbox',
  'tab',
  'tabpanel',
]
const alsoNeedName = ['tablist', 'tree', 'treeitem', 'dialog', 'region', 'navigation', 'heading', 'separator']

/** Lines whose role has no name, and lines that are there twice under one parent: nobody could tell them apart. */
export function unclear(outline: string): string[] {
  const roles = new Set([...needName, ...alsoNeedName])
  const seen = new Map<number, Set<string>>()
  const faults: string[] = []
  for (const line of outline.split('\n')) {
    const depth = line.search(/\S/)
    const said = line.trim()
    if (depth < 0 || !roles.has(said.split(/[ [:]/)[0] ?? '')) continue
    if (!said.includes('"')) faults.push(`no name: ${said}`)
    for (const deeper of seen.keys()) if (deeper > depth) seen.delete(deeper)
    const here = seen.get(depth) ?? new Set()
    if (here.has(said)) faults.push(`twice: ${said}`)
    seen.set(depth, here.add(said))
  }
  return faults
}
