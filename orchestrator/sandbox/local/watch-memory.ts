// Keeps a box within its memory where the kernel does not: ends the program that has the most of it.
import type { Logger } from 'pino'
import { type Member, signalMember } from './members.ts'
import { isOurs, residentOf, shareOf, total } from './use.ts'

export async function boundMemory(
  of: { repl: string; limit: number; log: Logger },
  members: Member[],
): Promise<void> {
  const { repl, limit, log } = of
  const pids = members.map(({ pid }) => pid)
  // The cheap figure first: it is never less than the true one.
  if ((await total(pids, residentOf)) <= limit) return
  const shares = await Promise.all(
    members.map(async (member) => ({ member, bytes: await shareOf(member.pid) })),
  )
  if (shares.reduce((sum, { bytes }) => sum + bytes, 0) <= limit) return
  for (const { member, bytes } of shares.sort((a, b) => b.bytes - a.bytes)) {
    if (await isOurs(member.pid)) continue
    log.warn({ repl, pid: member.pid, bytes, limit }, 'a program took more memory than its box has')
    signalMember(member, 'SIGKILL')
    return
  }
}
