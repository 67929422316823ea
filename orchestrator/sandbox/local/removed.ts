// Bytes of files that have no name any more and are still held by programs of a box: du does not see them, the disk does.
import { readdir, readFile, stat } from 'node:fs/promises'
import type { Member } from './members.ts'
import { numbersOf } from './use.ts'

/** Bytes of a block as stat(2) counts them, whatever the file system's own are. */
const blockBytes = 512
/** A box may hold a million descriptors; looking through them, in milliseconds, takes no longer than this. */
const usualMs = 5_000
/** Files of memory: named like files of a disk, and removed from the beginning. */
const inMemory = / \/(memfd:|dev\/(shm|zero)|SYSV)/

/** `most`: who holds the most of it, as the people in the box know it; null when nobody holds any. */
export type Removed = { bytes: number; most: { pid: number; name: string } | null }

/** On the disks that `folders` lie on. Null when it took too long. */
export async function heldRemoved(
  members: Member[],
  folders: string[],
  withinMs = usualMs,
): Promise<Removed | null> {
  const devices = new Set(await Promise.all(folders.map(deviceOf)))
  const all: Found = new Map()
  const until = Date.now() + withinMs
  let most = { pid: 0, bytes: 0 }
  for (const { pid } of members) {
    if (Date.now() > until) return null
    const found = await removedOf(pid, devices, until)
    if (found === null) return null
    for (const [file, bytes] of found) all.set(file, Math.max(bytes, all.get(file) ?? 0))
    const bytes = sum(found)
    if (bytes > most.bytes) most = { pid, bytes }
  }
  return { bytes: sum(all), most: most.pid === 0 ? null : await knownAs(most.pid) }
}

type Devices = Set<bigint | null>
/** Bytes by file. */
type Found = Map<string, number>

const sum = (found: Found): number => [...found.values()].reduce((total, bytes) => total + bytes, 0)

const deviceOf = (folder: string): Promise<bigint | null> =>
  stat(folder, { bigint: true }).then(
    ({ dev }) => dev,
    () => null,
  )

async function removedOf(pid: number, devices: Devices, until: number): Promise<Found | null> {
  const found: Found = new Map()
  for (const name of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    if (Date.now() > until) return null
    const file = await removedAt(`/proc/${pid}/fd/${name}`, devices)
    if (file !== null && file !== 'unseen') found.set(...file)
  }
  const maps = await readFile(`/proc/${pid}/maps`, 'latin1').catch(() => '')
  for (const line of maps.split('\n')) {
    if (!line.endsWith(' (deleted)') || inMemory.test(line)) continue
    if (Date.now() > until) return null
    const seen = await removedAt(`/proc/${pid}/map_files/${line.slice(0, line.indexOf(' '))}`, devices)
    const file = seen === 'unseen' ? mappedIn(line, devices) : seen
    if (file !== null) found.set(...file)
  }
  return found
}

/** Null for what has a name, lies elsewhere or is no file. */
async function removedAt(path: string, devices: Devices): Promise<[string, number] | 'unseen' | null> {
  const file = await stat(path, { bigint: true }).catch(() => null)
  if (file === null) return 'unseen'
  if (file.nlink > 0n || !file.isFile() || !devices.has(file.dev)) return null
  return [String(file.ino), Number(file.blocks) * blockBytes]
}

/** Who is not root may not look at a mapped file itself: what is mapped of it is the least that it has. Null elsewhere than on `devices`. */
export function mappedIn(line: string, devices: Devices): [string, number] | null {
  const [range = '', , , dev = '', inode = ''] = line.split(/\s+/)
  if (!devices.has(deviceIn(dev))) return null
  const [from = 0, to = 0] = range.split('-').map((place) => Number.parseInt(place, 16))
  return [inode, to - from]
}

/** `major:minor` of the kernel's own lists as the one number that stat(2) gives. */
function deviceIn(text: string): bigint | null {
  const found = /^([0-9a-f]+):([0-9a-f]+)$/.exec(text)
  if (found === null) return null
  const [major, minor] = [BigInt(`0x${found[1]}`), BigInt(`0x${found[2]}`)]
  return (minor & 0xffn) | ((major & 0xfffn) << 8n) | ((minor >> 8n) << 20n) | ((major >> 12n) << 44n)
}

/** A name may hold anything: what a terminal could take for an order is left out. */
async function knownAs(pid: number): Promise<{ pid: number; name: string } | null> {
  const inside = (await numbersOf(pid)).at(-1)
  const name = await readFile(`/proc/${pid}/comm`, 'latin1').catch(() => null)
  return inside === undefined || name === null
    ? null
    : { pid: inside, name: name.replace(/[^\x21-\x7e]/g, '') }
}
