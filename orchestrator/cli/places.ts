// The folders of an installation, made and tried before anything starts. Refuses in words what cannot work.
import { createHash } from 'node:crypto'
import { access, chmod, constants, lstat, mkdir, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { makePrivateFolder } from '../disk.ts'
import { Refusal } from './words.ts'

export type Places = {
  data: string
  /** Sockets and launch files: short, private, gone after a reboot. */
  run: string
  logs: string
  keys: string
  /** Where a running `up` is found by `login`. */
  running: string
  routes: string
  lock: string
}

/** Characters of the data folder's hash: enough to tell apart the few installations of one person. */
const hashLength = 8

/** Not by a name: whoever starts us may have none, as in many containers. */
export const ourNumber = (): number => process.getuid?.() ?? 0

export function placesOf(data: string): Places {
  const hash = createHash('sha256').update(data).digest('hex').slice(0, hashLength)
  const run = join(tmpdir(), `devex-${ourNumber()}-${hash}`)
  return {
    data,
    run,
    logs: join(data, 'logs'),
    keys: join(data, 'keys'),
    running: join(data, 'running.json'),
    routes: join(run, 'routes.json'),
    lock: join(data, 'up.lock'),
  }
}

export async function makePlaces(places: Places): Promise<void> {
  await refuseKernels(places.data)
  try {
    for (const folder of [places.data, places.logs, places.keys]) await makePrivateFolder(folder)
    await access(places.data, constants.W_OK | constants.X_OK)
  } catch (thrown) {
    throw new Refusal(
      `The folder ${places.data} cannot be written (${codeOf(thrown)}). Choose another with --data DIR.`,
    )
  }
  await makeRunFolder(places.run)
}

/** Magic numbers of proc and sysfs (statfs(2)): their folders are the kernel's, and making one there may never end. */
const kernels = new Set([0x9fa0, 0x62656572])

async function refuseKernels(data: string): Promise<void> {
  for (let at = data; ; at = dirname(at)) {
    const found = await statfs(at).catch(() => null)
    if (found !== null && kernels.has(found.type))
      throw new Refusal(
        `${data} belongs to the system, which keeps no files there. Choose another with --data DIR.`,
      )
    if (found !== null || at === dirname(at)) return
  }
}

/** The temp folder is everybody's: a folder there is ours only if we own it and nobody else can enter it. */
async function makeRunFolder(run: string): Promise<void> {
  await mkdir(run, { mode: 0o700 }).catch((thrown: unknown) => {
    if (codeOf(thrown) !== 'EEXIST')
      throw new Refusal(
        `The folder ${run} cannot be made (${codeOf(thrown)}). Set TMPDIR to a folder that is yours.`,
      )
  })
  const found = await lstat(run)
  if (!found.isDirectory() || found.uid !== ourNumber())
    throw new Refusal(`${run} belongs to somebody else. Remove it, or set TMPDIR to a folder that is yours.`)
  await chmod(run, 0o700)
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)
}
