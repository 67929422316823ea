// Holds a place of the workspace by descriptor, after proving that it lies inside: what is checked is what is used, however
// links are swapped in between. Opens nothing for reading or writing; see confine.ts.
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, realpathSync } from 'node:fs'
import { diskFault, leadsOut } from './faults.ts'
import { statOf, type Stat } from './stat.ts'

/** Linux's O_PATH, which node does not name: a descriptor that only names a place, without the side effects of opening it. */
const nameOnly = 0o10000000
const linux = process.platform === 'linux'

export type Held = {
  /** Path for further calls; on Linux it goes through the descriptor and so cannot be redirected any more. */
  at: string
  /** Where it really lies. */
  real: string
  stat: Stat
  close(): void
}

export const isInside = (root: string, real: string): boolean => real === root || real.startsWith(`${root}/`)

/**
 * Holds what `path` (relative to `root`, a real path) names, following links only inside the root. Refuses with `bad-path`
 * what leads out. `folder` refuses everything that is no folder.
 */
export function hold(root: string, path: string, want: { folder?: boolean } = {}): Held {
  try {
    const held = linux
      ? holdByDescriptor(`${root}/${path}`, want.folder === true)
      : holdByName(`${root}/${path}`)
    if (isInside(root, held.real)) return held
    held.close()
    throw leadsOut(path, held.real)
  } catch (thrown) {
    // Whether something exists out there is nobody's business either.
    throw leavesOnItsWay(root, path) ? leadsOut(path) : diskFault(thrown, path)
  }
}

/** True when a part of a path that cannot be held lies outside, or is a link that cannot be followed. */
function leavesOnItsWay(root: string, path: string): boolean {
  const parts = path.split('/')
  return parts.some((_, index) => {
    const absolute = `${root}/${parts.slice(0, index + 1).join('/')}`
    try {
      const held = linux ? holdByDescriptor(absolute, false) : holdByName(absolute)
      held.close()
      return !isInside(root, held.real)
    } catch {
      return isLink(absolute)
    }
  })
}

function isLink(absolute: string): boolean {
  try {
    return lstatSync(absolute).isSymbolicLink()
  } catch {
    return false
  }
}

function holdByDescriptor(absolute: string, folder: boolean): Held {
  const fd = openSync(absolute, nameOnly | (folder ? constants.O_DIRECTORY : 0))
  try {
    const at = `/proc/self/fd/${fd}`
    const stat = statOf(fstatSync(fd, { bigint: true }))
    return { at, real: readlinkSync(at), stat, close: () => closeSync(fd) }
  } catch (thrown) {
    closeSync(fd)
    throw thrown
  }
}

/** Other systems have no such descriptors; sessions there share our user anyway, so that this bounds mistakes, not malice. */
function holdByName(absolute: string): Held {
  const real = realpathSync(absolute)
  return { at: real, real, stat: statOf(lstatSync(real, { bigint: true })), close: () => undefined }
}

/** Runs `use` with the held place and lets go of it afterwards. */
export async function whileHeld<T>(held: Held, use: (held: Held) => Promise<T>): Promise<T> {
  try {
    return await use(held)
  } finally {
    held.close()
  }
}

/** The stat of `name` in a held folder, never following it; null when there is nothing. */
export function lookUp(folder: Held, name: string): Stat | null {
  if (name === '') return folder.stat
  const found = lstatSync(`${folder.at}/${name}`, { bigint: true, throwIfNoEntry: false })
  return found ? statOf(found) : null
}
