// Run folders in the temp folder: those of products that nobody can come back to go at the next start, all others stay.
import { chmod, chown, mkdir, readdir, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { noteOwner, removeRunFolder, removeStale } from '../../orchestrator/cli/run-folders.ts'
import { identify } from '../../orchestrator/process-identity.ts'
import { tempFolder } from '../support/folders.ts'

async function stage() {
  const folder = await tempFolder()
  const me = await identify(process.pid)
  const data = async (name: string) => {
    const path = join(folder.path, 'data', name)
    await mkdir(join(path, 'sandboxes', 'a-repl'), { recursive: true })
    return path
  }
  /** As a product makes it, long ago. */
  const run = async (name: string, owner: string) => {
    const places = { run: join(folder.path, 'tmp', `devex-0-${name}`), data: owner }
    await mkdir(join(places.run, 'a-repl'), { recursive: true })
    await chmod(places.run, 0o700)
    await noteOwner(places)
    await utimes(join(places.run, 'data-folder'), 0, 0)
    return places
  }
  const left = async () =>
    (await readdir(join(folder.path, 'tmp'))).map((name) => name.slice('devex-0-'.length))
  return { folder, me, data, run, left }
}

test('a start removes the run folders of products that ended or lost their data folder, and of nobody else', async () => {
  const { folder, me, data, run, left } = await stage()
  const own = await run('own', await data('own'))
  await run('gone', join(folder.path, 'data', 'gone'))
  await run('ended', await data('ended'))
  const held = await run('held', await data('held'))
  await writeFile(join(held.data, 'up.lock'), JSON.stringify(me))
  const adoptable = await run('adoptable', await data('adoptable'))
  const processes = JSON.stringify({ runner: me, box: null })
  await writeFile(join(adoptable.data, 'sandboxes', 'a-repl', 'processes.json'), processes)
  await noteOwner(await run('young', join(folder.path, 'data', 'gone')))
  await mkdir(join(folder.path, 'tmp', 'devex-0-old-build'))
  await mkdir(join(folder.path, 'tmp', 'devex-10-other'))

  const removed = await removeStale(own.run)

  expect(removed.map((path) => path.slice(-5)).sort()).toEqual(['-gone', 'ended'])
  expect((await left()).sort()).toEqual(['-other', 'adoptable', 'held', 'old-build', 'own', 'young'].sort())
  await folder.remove()
})

test('a clean end removes its own run folder, unless a session began meanwhile', async () => {
  const { folder, me, data, run, left } = await stage()
  const places = await run('own', await data('own'))
  const file = join(places.data, 'sandboxes', 'a-repl', 'processes.json')
  await writeFile(file, JSON.stringify({ runner: null, box: me }))

  await removeRunFolder(places)
  expect(await left()).toEqual(['own'])
  await writeFile(file, JSON.stringify({ runner: null, box: null }))
  await removeRunFolder(places)

  expect(await left()).toEqual([])
  await folder.remove()
})

test('a start removes no folder of a like name that others own, may write to, or have laid a link at', async () => {
  const { folder, data, run, left } = await stage()
  const own = await run('own', await data('own'))
  const gone = join(folder.path, 'data', 'gone')
  const open = await run('open', gone)
  await chmod(open.run, 0o777)
  const linked = await run('linked', gone)
  await rename(linked.run, join(folder.path, 'elsewhere'))
  await symlink(join(folder.path, 'elsewhere'), linked.run)
  // Only root can give a folder away.
  const theirs = process.getuid?.() === 0 ? await run('theirs', gone) : null
  if (theirs !== null) await chown(theirs.run, 12345, 12345)

  expect(await removeStale(own.run)).toEqual([])

  expect((await left()).sort()).toEqual(['linked', 'open', 'own', ...(theirs === null ? [] : ['theirs'])])
  await folder.remove()
})
