// A workspace on a real disk with something beside it that must stay untouched.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import pino from 'pino'
import { onTestFinished } from 'vitest'
import { AppError, type ErrorCode } from '../../../protocol/errors.ts'

export const quiet = pino({ level: 'silent' })
export const secret = 'nobody may see this'

/** `<top>/workspace` is the root, `<top>/outside` holds a secret; both go when the test ends. */
export function stage() {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'devex-workspace-')))
  onTestFinished(() => rmSync(top, { recursive: true, force: true }))
  const [root, outside] = [join(top, 'workspace'), join(top, 'outside')]
  mkdirSync(root)
  mkdirSync(join(outside, 'victim'), { recursive: true })
  writeFileSync(join(outside, 'secret.txt'), secret)
  writeFileSync(join(outside, 'victim', 'inner.txt'), secret)
  return { top, root, outside }
}

/** Everything below a folder, with kinds and contents. */
export function picture(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name)
      return statSync(path).isDirectory()
        ? [`${path}/`, ...picture(path)]
        : [`${path}: ${readFileSync(path, 'utf8')}`]
    })
}

/** The code of what `work` was refused with; `done` when it was not refused. */
export async function refusal(work: () => unknown): Promise<ErrorCode | 'done' | 'unknown'> {
  try {
    await work()
    return 'done'
  } catch (thrown) {
    return thrown instanceof AppError ? thrown.code : 'unknown'
  }
}

/** Waits until `claim` holds, ten seconds at most. */
export async function eventually(claim: () => boolean | Promise<boolean>): Promise<void> {
  for (const since = Date.now(); !(await claim()); await after(5)) {
    if (Date.now() - since > 10_000) throw new Error(`never came true: ${claim.toString()}`)
  }
}
