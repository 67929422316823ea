// Ends every program of the people in one box, and leaves the box itself. Decides nothing.
import { setTimeout as wait } from 'node:timers/promises'
import { keyOf, type Member, signalMember } from './members.ts'
import { isOurs, membersOf } from './use.ts'

/** Who is stopped makes no more programs: after so many looks at most none is left that runs. */
const rounds = 40
/** Milliseconds between looks. */
const lookMs = 50

/** `box`: its outermost process. `tell` is called when all are stopped and can still be told apart from their end. */
export async function endPrograms(box: number, tell: () => Promise<void>): Promise<number> {
  const stopped = new Map<string, Member>()
  for (let round = 0; round < rounds; round++) {
    const fresh = (await programsOf(box)).filter((member) => !stopped.has(keyOf(member)))
    if (fresh.length === 0) break
    for (const member of fresh) if (signalMember(member, 'SIGSTOP')) stopped.set(keyOf(member), member)
  }
  await tell()
  for (let round = 0; round < rounds; round++) {
    const left = await programsOf(box)
    if (left.length === 0) break
    for (const member of left) signalMember(member, 'SIGKILL')
    await wait(lookMs)
  }
  return stopped.size
}

async function programsOf(box: number): Promise<Member[]> {
  const members = (await membersOf([box])).get(box) ?? []
  const ours = await Promise.all(members.map(({ pid }) => isOurs(pid)))
  return members.filter((_, index) => ours[index] === false)
}
