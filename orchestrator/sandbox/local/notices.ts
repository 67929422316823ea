// Words to the people at a box's terminals, written where they see them whatever runs. Decides nothing.
import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { isStill, type Member } from './members.ts'
import { isInside } from './use.ts'

/** A terminal whose reader is behind is tried so often, with so many milliseconds between. */
const tries = { most: 20, everyMs: 50 }

/** On every terminal of the box, where the people are who can do something. Any process that is still inside shows the way. */
export async function writeOnTerminals(box: Member[], say: string): Promise<void> {
  for (const member of box) {
    // The box itself stands before all programs in the list, and stays.
    if ((await isInside(member.pid)) && (await writeAt(member, say)) > 0) return
  }
}

/** How many terminals were told. Its folder is held, so that a later process with its number cannot change which they are. */
async function writeAt(member: Member, say: string): Promise<number> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY
  const folder = await open(`/proc/${member.pid}/root/dev/pts`, flags).catch(() => null)
  if (folder === null) return 0
  try {
    return isStill(member) ? await writeIn(`/proc/self/fd/${folder.fd}`, `\r\n${say}\r\n`) : 0
  } finally {
    await folder.close()
  }
}

async function writeIn(folder: string, text: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const told = await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map((name) => writeTo(`${folder}/${name}`, text)),
  )
  return told.filter((each) => each).length
}

async function writeTo(path: string, text: string): Promise<boolean> {
  const flags = constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK | constants.O_NOFOLLOW
  const terminal = await open(path, flags).catch(() => null)
  if (terminal === null) return false
  try {
    for (let n = 0; n < tries.most; n++) {
      try {
        await terminal.write(text)
        return true
      } catch {
        await wait(tries.everyMs)
      }
    }
    return false
  } finally {
    await terminal.close()
  }
}
