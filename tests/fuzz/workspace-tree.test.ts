// Whatever a shell does to a workspace, the watcher and the tree end at what the disk holds, and pages that follow the ops too.
import { spawnSync } from 'node:child_process'
import { lstatSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import pino from 'pino'
import { afterEach, expect, test } from 'vitest'
import type { TreeEntry, TreeOp } from '../../protocol/tree.ts'
import { confine } from '../../runner/workspace/confine.ts'
import { WorkspaceTree } from '../../runner/workspace/tree.ts'
import { watchWorkspace } from '../../runner/workspace/watch.ts'
import { command } from './commands.ts'

const undo: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const release of undo.splice(0).reverse()) await release()
})

type Shown = { path: string; kind: string; size: number }

/** Mulberry32: the same numbers for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

function onDisk(root: string, folder = ''): Shown[] {
  return readdirSync(join(root, folder)).flatMap((name): Shown[] => {
    const path = folder === '' ? name : `${folder}/${name}`
    const stat = lstatSync(join(root, path))
    if (stat.isDirectory()) {
      return [{ path, kind: 'folder', size: 0 }, ...(name === 'node_modules' ? [] : onDisk(root, path))]
    }
    return [{ path, kind: stat.isSymbolicLink() ? 'link' : 'file', size: stat.size }]
  })
}

const byPath = (a: Shown, b: Shown) => (a.path < b.path ? -1 : 1)
const shown = (entries: Iterable<TreeEntry>): Shown[] =>
  Array.from(entries, ({ path, kind, size }) => ({ path, kind, size })).sort(byPath)

/** What a page does with the ops it gets. */
function mirror(held: Map<string, TreeEntry>, ops: readonly TreeOp[]): void {
  for (const op of ops) {
    if (op.op === 'put') held.set(op.entry.path, op.entry)
    else {
      const top = op.op === 'gone' ? op.path : op.from
      for (const [path, entry] of Array.from(held)) {
        if (path !== top && !path.startsWith(`${top}/`)) continue
        held.delete(path)
        if (op.op !== 'move') continue
        const moved = op.to + path.slice(op.from.length)
        held.set(moved, { ...entry, path: moved })
      }
    }
  }
}

for (const seed of [1, 2, 3, 4]) {
  test(`W-7 the tree, and a page that follows it, equal the disk after anything a shell did (plan ${seed})`, async () => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'devex-tree-')))
    undo.push(() => rmSync(root, { recursive: true, force: true }))
    const log = pino({ level: 'silent' })
    const tree = new WorkspaceTree({ confined: confine(root), log })
    undo.push(() => tree.close())
    const random = numbers(seed)
    spawnSync('bash', ['-c', Array.from({ length: 30 }, () => command(random)).join('\n')], { cwd: root })
    const watch = await watchWorkspace({ root, log, onChange: (paths) => void tree.touch(paths) })
    undo.push(() => watch.close())
    await tree.start()
    const page = new Map(tree.snapshot().entries.map((entry) => [entry.path, entry]))
    let rev = tree.snapshot().rev
    tree.onOps((told) => {
      expect(told.rev).toBe(rev + 1)
      rev = told.rev
      mirror(page, told.ops)
    })

    for (let round = 0; round < 12; round += 1) {
      const plan = Array.from({ length: 1 + random(12) }, () => command(random)).join('\n')
      spawnSync('bash', ['-c', plan], { cwd: root })
      await after(random(3) * 20)
      if (random(2) === 0) continue
      await watch.sweep()
      await tree.settle()
      expect(shown(tree.snapshot().entries), plan).toEqual(onDisk(root).sort(byPath))
      expect(shown(page.values()), plan).toEqual(shown(tree.snapshot().entries))
    }
    await watch.sweep()
    await tree.settle()
    expect(shown(page.values())).toEqual(onDisk(root).sort(byPath))
    expect(rev).toBe(tree.snapshot().rev)
  })
}
