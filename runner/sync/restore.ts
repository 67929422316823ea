// Restore: makes a session's two folders fresh from a verified cut or a template, and only then puts them in place.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { RestoreProgress, RestoreRequest } from '../../protocol/control.ts'
import { tmpPrefix } from '../../protocol/paths.ts'
import { fillFromManifest } from './from-manifest.ts'
import { fillFromTemplate } from './from-template.ts'
import { layLogOver } from './log-over.ts'
import { isErrno } from './errno.ts'
import { removeTree } from './remove.ts'

export type Report = (progress: RestoreProgress) => void
export type Restoring = { signal: AbortSignal; report: Report }
/** The two folders being filled, beside those they will replace. */
export type Staged = { workspace: string; state: string }

export async function restore(request: RestoreRequest, { signal, report }: Restoring): Promise<void> {
  const staged = { workspace: await stage(request.workspace), state: await stage(request.state) }
  try {
    const counts =
      request.source.kind === 'template'
        ? await fillFromTemplate(request.source.folder, staged)
        : await fillFromManifest(
            { target: request.target, source: request.source, staged },
            { signal, report },
          )
    const unread = await layLogOver(request, staged, signal)
    signal.throwIfAborted()
    await putInPlace(staged.workspace, request.workspace)
    await putInPlace(staged.state, request.state)
    report({ done: true, ...counts, ...(unread > 0 ? { unread } : {}) })
  } finally {
    for (const folder of [staged.workspace, staged.state]) {
      await removeTree(folder)
      await removeTree(asideOf(folder))
    }
  }
}

/** A fresh folder beside `folder`; what earlier restores of it left behind goes away. */
async function stage(folder: string): Promise<string> {
  const parent = dirname(folder)
  const prefix = `${tmpPrefix}-${basename(folder)}-`
  await mkdir(parent, { recursive: true, mode: 0o700 })
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix)) await removeTree(join(parent, name))
  }
  const staged = join(parent, prefix + randomBytes(8).toString('hex'))
  await mkdir(staged, { mode: 0o700 })
  return staged
}

/** The folder that was there before goes aside first; it is removed once all is told. */
async function putInPlace(staged: string, folder: string): Promise<void> {
  try {
    await rename(folder, asideOf(staged))
  } catch (thrown) {
    if (!isErrno(thrown, 'ENOENT')) throw thrown
  }
  try {
    await rename(staged, folder)
  } catch (thrown) {
    await rename(asideOf(staged), folder).catch(() => undefined)
    throw thrown
  }
}

function asideOf(staged: string): string {
  return `${staged}-before`
}
