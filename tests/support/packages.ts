// Packages of our own node_modules as a person's own: copied with all they need, since programs of a repl see nothing of ours.
import {
  cpSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../../scripts/build.mjs'

/** Copies `name` and what it needs into `folder`/node_modules; peers and what is not installed here are left out. */
export function copyPackage(name: string, folder: string, seen = new Set<string>()): void {
  const from = join(root, 'node_modules', name)
  if (seen.has(name) || !existsSync(from)) return
  seen.add(name)
  const to = join(folder, 'node_modules', name)
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('.map') })
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    readFileSync(join(from, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies }))
    copyPackage(needed, folder, seen)
}

/** Gives everything below `folder` to whoever owns it: what a test writes must be the repl's own. */
export function giveTo(folder: string): void {
  const { uid, gid } = statSync(folder)
  const give = (path: string): void => {
    lchownSync(path, uid, gid)
    if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) give(join(path, name))
  }
  give(folder)
}
