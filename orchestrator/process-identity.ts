// Which process a pid means: numbers are reused, a start time and a boot id are not. Looks, never signals.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { z } from 'zod'

const run = promisify(execFile)

/** A process that cannot be mistaken for a later one with the same number. */
export const ProcessIdentity = z.object({
  pid: z.number().int().min(1),
  starttime: z.string(),
  boot: z.string(),
})
export type ProcessIdentity = z.infer<typeof ProcessIdentity>

/** The living process `pid`, or null when there is none (a zombie counts as none). */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const starttime = process.platform === 'linux' ? await linuxStart(pid) : await otherStart(pid)
  return starttime === null ? null : { pid, starttime, boot: await bootId() }
}

export async function isAlive(known: ProcessIdentity): Promise<boolean> {
  const now = await identify(known.pid)
  return now !== null && now.starttime === known.starttime && isSameBoot(known.boot, now.boot)
}

/** Fields of /proc/<pid>/stat after the program's name, which may itself hold spaces and brackets. */
export async function statFields(pid: number): Promise<string[] | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

async function linuxStart(pid: number): Promise<string | null> {
  const fields = await statFields(pid)
  if (fields === null || fields[0] === 'Z' || fields[0] === 'X') return null
  return fields[19] ?? null
}

async function otherStart(pid: number): Promise<string | null> {
  const listed = await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => null)
  const text = listed?.stdout.trim() ?? ''
  return text === '' ? null : text
}

/**
 * Which run of the machine this is, or of the container: no process of an earlier one lives. A container that is started again
 * counts its processes from 1 on the same kernel; its process 1 is another.
 */
export async function bootId(): Promise<string> {
  if (process.platform !== 'linux') return 'same'
  const [kernel, first] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'unknown'),
    statFields(1),
  ])
  return `${kernel.trim()}-${first?.[19] ?? 'unknown'}`
}

/** What older builds wrote is the kernel's part alone: their processes live on while a newer build looks at them. */
export function isSameBoot(known: string, now: string): boolean {
  return known === now || now.startsWith(`${known}-`)
}
