// A session's two processes on this machine: started so that they outlive us, found again by identity. Ends nothing.
import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { z } from 'zod'
import { AppError } from '../../../protocol/errors.ts'
import { Level } from '../../../protocol/repl.ts'
import { writeWhole } from '../../disk.ts'
import { ProcessIdentity, identify } from '../../process-identity.ts'
import type { Command } from './view.ts'

/** Content of a sandbox's processes.json. */
export const Processes = z.object({
  /** The level both were started at. */
  level: Level.default('process'),
  runner: ProcessIdentity.nullable(),
  box: ProcessIdentity.nullable(),
})
export type Processes = z.infer<typeof Processes>

export type Program = {
  command: Command
  /** Its output goes to this file, never to a pipe: a pipe would break with us. */
  log: string
  cwd: string
  env: Record<string, string>
  /** Descriptor that becomes its standard input; left out: none. */
  stdin?: number
  ended: (how: { code: number | null; signal: string | null }) => void
}

/** Starts a program in a session of its own; it lives on when we end. */
export async function startProgram(what: Program): Promise<ProcessIdentity> {
  const log = await open(what.log, 'a', 0o600)
  try {
    const child = spawn(what.command.file, what.command.args, {
      cwd: what.cwd,
      env: what.env,
      detached: true,
      stdio: [what.stdin ?? 'ignore', log.fd, log.fd],
    })
    child.on('exit', (code, signal) => what.ended({ code, signal }))
    await new Promise((done, fail) => child.once('spawn', () => done(undefined)).once('error', fail))
    child.unref()
    const identity = child.pid === undefined ? null : await identify(child.pid)
    if (identity === null) throw ended(what.command)
    return identity
  } finally {
    await log.close()
  }
}

export async function readProcesses(path: string): Promise<Processes> {
  const text = await readFile(path, 'utf8').catch(() => null)
  try {
    return Processes.parse(JSON.parse(text ?? ''))
  } catch {
    return { level: 'process', runner: null, box: null }
  }
}

export async function writeProcesses(path: string, processes: Processes): Promise<void> {
  await writeWhole(path, JSON.stringify(processes))
}

function ended({ file }: Command): AppError {
  return new AppError('start-failed', { say: 'A program of this session ended at once.', log: { file } })
}
