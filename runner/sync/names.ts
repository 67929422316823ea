// Paths as bytes: Linux names need not be UTF-8, and what is not must come back as it was.
const slash = Buffer.from('/')

/** `name` below `folder`; the empty folder is the top. */
export function below(folder: Buffer, name: Uint8Array): Buffer {
  return folder.length === 0 ? Buffer.from(name) : Buffer.concat([folder, slash, name])
}

/** Folder part of a path, empty at the top. */
export function parentOf(path: Buffer): Buffer {
  return path.subarray(0, Math.max(path.lastIndexOf(slash), 0))
}

/** True when every part is a name: nothing empty, no `.`, no `..`, no NUL. */
export function isInside(path: Buffer): boolean {
  const parts = path.toString('latin1').split('/')
  return !path.includes(0) && parts.every((part) => part !== '' && part !== '.' && part !== '..')
}
