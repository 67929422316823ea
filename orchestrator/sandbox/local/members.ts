// One process of a box, and signals that never reach a later one with the same number. Finds nobody.
import { readFileSync } from 'node:fs'

/** As ProcessIdentity, for as long as we run: `starttime` in the kernel's ticks since the boot. */
export type Member = { pid: number; starttime: string }

export const keyOf = ({ pid, starttime }: Member): string => `${pid}:${starttime}`

/** Looked at in one go with what is done next: nothing else of ours runs in between. */
export function isStill({ pid, starttime }: Member): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] === starttime
  } catch {
    return false
  }
}

/** False when it is gone, whoever has its number now. */
export function signalMember(member: Member, name: NodeJS.Signals): boolean {
  if (!isStill(member)) return false
  try {
    return process.kill(member.pid, name)
  } catch {
    // It went this very moment.
    return false
  }
}
