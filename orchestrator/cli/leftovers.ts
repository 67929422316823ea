// What an `up` that was killed leaves running: its processes, remembered by identity and ended before the next begins.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { writeWhole } from '../disk.ts'
import { ProcessIdentity, isAlive } from '../process-identity.ts'
import { setTimeout as wait } from 'node:timers/promises'
import { InnerPorts } from './ports.ts'

/** What a running `up` writes down for the next one and for `login`. */
export const Running = z.object({
  version: z.literal(1),
  ports: InnerPorts,
  publicUrl: z.string(),
  processes: z.array(ProcessIdentity),
})
export type Running = z.infer<typeof Running>

/** Leftovers get this long to end in order before they are killed. */
const graceMs = 3_000
const lookMs = 25

export async function readRunning(path: string): Promise<Running | null> {
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return null
  const parsed = Running.safeParse(safeJson(text))
  return parsed.success ? parsed.data : null
}

export async function writeRunning(path: string, running: Running): Promise<void> {
  await writeWhole(path, JSON.stringify(running))
}

/** Sessions are not touched: the orchestrator adopts them. */
export async function endLeftovers(running: Running | null): Promise<void> {
  await Promise.all((running?.processes ?? []).map(endOne))
}

async function endOne(identity: ProcessIdentity): Promise<void> {
  for (let waited = 0; await isAlive(identity); waited += lookMs) {
    if (waited === 0) signal(identity.pid, 'SIGTERM')
    if (waited >= graceMs) signal(identity.pid, 'SIGKILL')
    await wait(lookMs)
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It ended by itself.
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
