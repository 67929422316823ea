// Where a session of this machine keeps its things: folders under the data folder, sockets and launch files under the run folder.
import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { diskFullMarkOf } from '../../../protocol/control.ts'
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
    given: join(sandbox, 'given'),
    // A folder for each, for the box may look into its own alone. Short names: the path of a socket has at most 103 bytes on some systems.
    runnerRun: join(run, 'r'),
    boxRun: join(run, 'b'),
    runnerLaunch: join(run, 'runner.json'),
    boxLaunch: join(run, 'box.json'),
    runnerSocket: join(run, 'r', 's'),
    boxSocket: join(run, 'b', 's'),
    diskFull: diskFullMarkOf(join(run, 'r', 's')),
    lost: join(roots.data, 'lost'),
  }
}

export async function makePlaces(places: Places): Promise<void> {
  const { sandbox, run, home, runnerRun, boxRun } = places
  for (const folder of [sandbox, run, home, runnerRun, boxRun]) await makePrivateFolder(folder)
}

export async function beginStaging(places: Places): Promise<{ workspace: string; state: string }> {
  await removeTree(places.staging)
  await makePrivateFolder(places.staging)
  return { workspace: join(places.staging, 'workspace'), state: join(places.staging, 'state') }
}

/** The folders were made beside the old ones, so that this is a rename; a crash before it leaves the old or none. */
export async function adoptStaging(
  places: Places,
  ready: (folders: string[]) => Promise<void>,
): Promise<void> {
  if (!(await isFolder(places.staging))) return
  const folders = ['workspace', 'state'].map((name) => join(places.staging, name))
  for (const folder of folders) await makePrivateFolder(folder)
  await ready(folders)
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
