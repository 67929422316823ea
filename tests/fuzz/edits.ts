// What people and tools do to a text at random; the caller brings the randomness.
import type * as Y from 'yjs'

const words = ['let x = 1', 'emoji 👩‍👩‍👧 𝕏', '', 'tab\there', 'ünï', 'return', '}', 'print("hi")']

/** One random insertion or removal, as a person makes it. */
export function edit(peer: { doc: Y.Doc; text: Y.Text }, random: (below: number) => number): void {
  const text = peer.text.toString()
  // Only between code points: an editor never cuts one in two.
  const borders = [0]
  for (const point of text) borders.push((borders.at(-1) ?? 0) + point.length)
  const from = random(borders.length)
  const at = borders[from] ?? 0
  const to = borders[Math.min(borders.length - 1, from + random(6))] ?? at
  peer.doc.transact(() => {
    if (random(3) === 0) peer.text.delete(at, to - at)
    else peer.text.insert(at, `${words[random(words.length)]}${random(2) === 0 ? '\n' : ''}`)
  })
}

/** What tools do to a file: lines added, removed, changed, moved. */
export function toolEdit(text: string, random: (below: number) => number): string {
  const lines = text.split('\n')
  const at = random(lines.length)
  const kind = random(4)
  if (kind === 0) lines.splice(at, 0, `tool ${random(1000)}`)
  else if (kind === 1) lines.splice(at, 1 + random(3))
  else if (kind === 2) lines[at] = `${lines[at]} # ${random(1000)}`
  else lines.push(...lines.splice(at, 1))
  return lines.join('\n')
}
