// Run folders of products that have ended: removed at a clean end, and at a start those that nobody can come back to. Makes none.
import { lstat, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isFolder, removeTree } from '../disk.ts'
import { isAlive, ProcessIdentity } from '../process-identity.ts'
import { placesOf as sandboxPlaces } from '../sandbox/local/places.ts'
import { readProcesses } from '../sandbox/local/processes.ts'
import { ourNumber } from './places.ts'

/** A product that is just starting has not taken its lock yet: a note younger than this, in milliseconds, is left alone. */
const youngMs = 10 * 60_000

const noteIn = (run: string): string => join(run, 'data-folder')

/** Says whose run folder this is, anew at each start. */
export async function noteOwner(places: { run: string; data: string }): Promise<void> {
  await writeFile(noteIn(places.run), places.data, { mode: 0o600 })
}

/** At a clean end. A session that began this very moment keeps its sockets, and the next start finds it. */
export async function removeRunFolder(places: { run: string; data: string }): Promise<void> {
  if (!(await hasSessions(places.data))) await removeTree(places.run)
}

/** Beside `run`, those of the same person with a data folder that is gone, or in which nothing lives. Gives what was removed. */
export async function removeStale(run: string, now = Date.now()): Promise<string[]> {
  const temp = dirname(run)
  const mine = basename(run).slice(0, basename(run).lastIndexOf('-') + 1)
  const removed = []
  for (const name of await readdir(temp).catch(() => [])) {
    const folder = join(temp, name)
    if (!name.startsWith(mine) || folder === run || !(await isStale(folder, now))) continue
    try {
      await removeTree(folder)
      removed.push(folder)
    } catch {
      // One that goes this very moment.
    }
  }
  return removed
}

/** Others may write to such a folder: they may change what it holds, and where its paths lead. */
const othersWrite = 0o022

/** The temp folder is everybody's, and a name there proves nothing. */
async function isOurs(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => null)
  if (found === null || !found.isDirectory()) return false
  return found.uid === ourNumber() && (found.mode & othersWrite) === 0
}

/** One without a note may be of an older build that runs. */
async function isStale(folder: string, now: number): Promise<boolean> {
  if (!(await isOurs(folder))) return false
  const data = await readFile(noteIn(folder), 'utf8').catch(() => null)
  const noted = await stat(noteIn(folder)).catch(() => null)
  if (data === null || data === '' || noted === null || now - noted.mtimeMs < youngMs) return false
  if (!(await isFolder(data))) return true
  const holder = await readFile(join(data, 'up.lock'), 'utf8').catch(() => '')
  return !(await lives(holder)) && !(await hasSessions(data))
}

async function hasSessions(data: string): Promise<boolean> {
  for (const repl of await readdir(join(data, 'sandboxes')).catch(() => [])) {
    const { runner, box } = await readProcesses(sandboxPlaces({ data, run: '' }, repl).processes)
    for (const each of [runner, box]) if (each !== null && (await isAlive(each))) return true
  }
  return false
}

async function lives(written: string): Promise<boolean> {
  try {
    return await isAlive(ProcessIdentity.parse(JSON.parse(written)))
  } catch {
    return false
  }
}
