// What lies in a workspace, so that two moments can be compared: every path with its kind, mode, time and content.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { tmpPrefix } from '../../protocol/paths.ts'

/** The workspace folder of a running session, found as an operator would. */
export function workspaceIn(data: string, repl: string): string {
  const found = execFileSync('find', [data, '-type', 'd', '-name', 'workspace', '-path', `*${repl}*`], {
    encoding: 'utf8',
  })
  const [first] = found.split('\n')
  if (!first) throw new Error(`no workspace of ${repl}`)
  return first
}

/** Path, kind, mode, mtime (microseconds: the most that Node can set), link target and hash of everything below `folder`. */
export function picture(folder: string): Record<string, string> {
  const rows: Record<string, string> = {}
  const visit = (path: string): void => {
    for (const name of readdirSync(join(folder, path)).sort()) {
      if (name.startsWith(tmpPrefix)) continue
      const at = join(path, name)
      rows[at] = look(join(folder, at))
      if (lstatSync(join(folder, at)).isDirectory()) visit(at)
    }
  }
  visit('')
  return rows
}

function look(path: string): string {
  const stat = lstatSync(path, { bigint: true })
  const mode = (stat.mode & 0o7777n).toString(8)
  if (stat.isDirectory()) return `${mode} folder`
  const content = stat.isSymbolicLink()
    ? `link ${readlinkSync(path)}`
    : createHash('sha256').update(readFileSync(path)).digest('hex')
  return `${mode} ${stat.mtimeNs / 1000n} ${content}`
}
