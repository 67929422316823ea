// A folder nested deeper than a path can say: a program makes one in a second, and nothing of ours may stumble over it.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { verify } from '../../orchestrator/objects/verify.ts'
import { removeTree as removeSandbox } from '../../orchestrator/disk.ts'
import { removeTree } from '../../runner/sync/remove.ts'
import { confine } from '../../runner/workspace/confine.ts'
import { zipOfFolder } from '../../runner/workspace/zip.ts'
import { tempFolder } from '../support/folders.ts'
import { startRig } from './sync-rig.ts'

const levels = 2_600

/** Folder in folder in folder, as a program makes them: by going down. */
function nest(folder: string): void {
  const down = `for (let i = 0; i < ${levels}; i++) { require('fs').mkdirSync('d'); process.chdir('d') }`
  execFileSync(process.execPath, ['-e', down], { cwd: folder })
}

test('F-4 what is nested deeper than a path can say is left out of a backup and counted; everything else is kept', async () => {
  const rig = await startRig()
  writeFileSync(join(rig.workspace, 'main.py'), 'print("kept")\n')
  nest(rig.workspace)

  const flushed = await rig.flush()

  expect(flushed.notes).toEqual({ leftOut: 1, parted: 0 })
  await verify(rig.store, { repl: rig.repl, generation: 1, ...flushed })
  await removeTree(rig.workspace)
  expect(existsSync(rig.workspace)).toBe(false)
  await rig.restore({ kind: 'manifest', key: flushed.key, sha256: flushed.sha256 })
  expect(existsSync(join(rig.workspace, 'main.py'))).toBe(true)
  expect(existsSync(join(rig.workspace, 'd/d/d'))).toBe(true)
  await rig.close()
})

test('W-4 W-12 such a folder can be downloaded as far as names reach, and removed', async () => {
  const folder = await tempFolder()
  mkdirSync(join(folder.path, 'top'))
  nest(join(folder.path, 'top'))
  const confined = confine(folder.path)

  let bytes = 0
  for await (const piece of zipOfFolder(confined, 'top')) bytes += piece.length
  expect(bytes).toBeGreaterThan(1000)
  await confined.remove('top')

  expect(existsSync(join(folder.path, 'top'))).toBe(false)
  await folder.remove()
})

test('R-8 a sandbox that holds such a folder can be removed', async () => {
  const folder = await tempFolder()
  nest(folder.path)

  await removeSandbox(folder.path)

  expect(existsSync(folder.path)).toBe(false)
})
