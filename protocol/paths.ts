// What a path inside a workspace may look like; everything else is refused before it reaches a disk.
import { z } from 'zod'
import { AppError } from './errors.ts'

/** Longest path and longest single name, in UTF-8 bytes, as Linux has them. */
const pathBytes = 1024
const nameBytes = 255

const utf8 = new TextEncoder()

/** True when `path` is relative, normal (`a/b`, no empty, `.` or `..` part), and free of NUL and control characters. */
export function isWorkspacePath(path: string): boolean {
  if (path.length === 0 || utf8.encode(path).length > pathBytes) return false
  if (/[\p{Control}\\]|\p{Surrogate}/u.test(path)) return false
  return path
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && utf8.encode(part).length <= nameBytes)
}

/** Why `path` is none that a workspace takes, in words. */
export function pathFault(path: string): string {
  if (/[\p{Control}\\]|\p{Surrogate}/u.test(path))
    return 'A name cannot hold control characters or a backslash.'
  if (path.split('/').some((part) => utf8.encode(part).length > nameBytes))
    return 'A name has at most 255 bytes.'
  if (utf8.encode(path).length > pathBytes) return 'A path has at most 1,024 bytes.'
  return 'This path is not inside the workspace.'
}

/** A workspace-relative path with `/` between its parts. The workspace itself is the empty string where a folder is meant. */
export const WorkspacePath = z
  .string()
  .refine(isWorkspacePath, { error: ({ input }) => pathFault(String(input)) })
export type WorkspacePath = z.infer<typeof WorkspacePath>

/** As WorkspacePath, or the empty string for the workspace's own folder. */
export const FolderPath = z.union([z.literal(''), WorkspacePath])

/** Parses a path or throws `bad-path` in words. */
export function workspacePath(path: unknown): WorkspacePath {
  const parsed = WorkspacePath.safeParse(path)
  if (parsed.success) return parsed.data
  throw new AppError('bad-path', {
    say: pathFault(String(path)),
    log: { path: String(path).slice(0, 200) },
  })
}

/** The folder of `path`, or the empty string at the top. */
export function folderOf(path: string): string {
  const cut = path.lastIndexOf('/')
  return cut < 0 ? '' : path.slice(0, cut)
}

/** The last part of `path`. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** True when `path` is `folder` or lies below it; every path lies below the empty folder. */
export function isWithin(folder: string, path: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`)
}

/** Names that begin so are ours for a moment (atomic saves, restores): never listed, never flushed. */
export const tmpPrefix = '.devex-tmp'
