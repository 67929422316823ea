// Where a session of this machine keeps its things: folders under the data folder, sockets and launch files under the run folder.
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { fsyncFolder, isFolder, makePrivateFolder, removeTree } from '../../disk.ts'

export type Places = ReturnType<typeof placesOf>

/** `work` holds workspace and state, so that both are put in place by one rename. */
export function placesOf(roots: { data: string; run: string }, repl: string) {
  const sandbox = join(roots.data, 'sandboxes', repl)
  const run = join(roots.run, repl)
  return {
    sandbox,
    run,
    work: join(sandbox, 'work'),
    staging: join(sandbox, 'staging'),
    workspace: join(sandbox, 'work', 'workspace'),
    state: join(sandbox, 'work', 'state'),
    home: join(sandbox, 'home'),
    processes: join(sandbox, 'processes.json'),
    runnerLog: join(sandbox, 'runner.log'),
    boxLog: join(sandbox, 'box.log'),
    runnerLaunch: join(run, 'runner.json'),
    boxLaunch: join(run, 'box.json'),
    // Short names: the path of a socket has at most 103 bytes on some systems.
    runnerSocket: join(run, 'r'),
    boxSocket: join(run, 'b'),
    lost: join(roots.data, 'lost'),
  }
}

export async function makePlaces(places: Places): Promise<void> {
  for (const folder of [places.sandbox, places.run, places.home]) await makePrivateFolder(folder)
}

export async function beginStaging(places: Places): Promise<{ workspace: string; state: string }> {
  await removeTree(places.staging)
  await makePrivateFolder(places.staging)
  return { workspace: join(places.staging, 'workspace'), state: join(places.staging, 'state') }
}

/** The folders were made beside the old ones, so that this is a rename; a crash before it leaves the old or none. */
export async function adoptStaging(places: Places): Promise<void> {
  if (!(await isFolder(places.staging))) return
  await mkdir(join(places.staging, 'workspace'), { recursive: true })
  await makePrivateFolder(join(places.staging, 'state'))
  await removeTree(places.work)
  await rename(places.staging, places.work)
  await fsyncFolder(places.sandbox)
}

/** Gives the folder that now holds the remains. */
export async function setAside(places: Places, repl: string): Promise<string> {
  await makePrivateFolder(places.lost)
  const taken = await readdir(places.lost)
  let n = 1
  while (taken.includes(`${repl}-${n}`)) n++
  const to = join(places.lost, `${repl}-${n}`)
  if (await isFolder(places.work)) await rename(places.work, to)
  return to
}
