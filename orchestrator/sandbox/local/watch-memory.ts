// Keeps a box within its memory where the kernel does not, by ending the program that has the most of it; and a runner within
// its own, by ending it: what it had acknowledged is on the disk, and its box lives on.
import type { Logger } from 'pino'
import { type Member, signalMember } from './members.ts'
import { isOurs, residentOf, shareOf, total } from './use.ts'

type Bound = { repl: string; limit: number; log: Logger }

export async function boundMemory(of: Bound, members: Member[]): Promise<void> {
  const { repl, limit, log } = of
  for (const { member, bytes } of await sharesAbove(limit, members)) {
    if (await isOurs(member.pid)) continue
    log.warn({ repl, pid: member.pid, bytes, limit }, 'a program took more memory than its box has')
    signalMember(member, 'SIGKILL')
    return
  }
}

/** Whatever made it grow: a runner that hangs in its own memory serves nobody, and takes the machine's from everybody. */
export async function boundRunner({ repl, limit, log }: Bound, members: Member[]): Promise<void> {
  const [largest] = await sharesAbove(limit, members)
  if (largest === undefined) return
  const { member, bytes } = largest
  log.error(
    { repl, pid: member.pid, bytes, limit },
    'a runner took more memory than it may have: it is ended',
  )
  signalMember(member, 'SIGKILL')
}

/** What each has, the largest first; nobody while they are within the limit together. */
async function sharesAbove(
  limit: number,
  members: Member[],
): Promise<Array<{ member: Member; bytes: number }>> {
  const pids = members.map(({ pid }) => pid)
  // The cheap figure first: it is never less than the true one.
  if ((await total(pids, residentOf)) <= limit) return []
  const shares = await Promise.all(
    members.map(async (member) => ({ member, bytes: await shareOf(member.pid) })),
  )
  const isAbove = shares.reduce((sum, { bytes }) => sum + bytes, 0) > limit
  return isAbove ? shares.sort((a, b) => b.bytes - a.bytes) : []
}
