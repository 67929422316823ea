// A person's program that stays whatever ends around it: it has left its terminal, its parent and its group, and takes no hint.
import { z } from 'zod'
import { inside, type DoorOf } from './live-door.ts'

/** A sleep of its own, so that it is known among all processes of a machine. */
export const leftCommand = 'sleep 86399'

const Opened = z.object({ ok: z.literal(true), terminal: z.number() })

/** Types it in a new terminal as a page does, behind a command of one's own. When it runs is for the asker to see. */
export function leaveProgram(door: DoorOf, before = 'true'): Promise<void> {
  return inside(door, 'terminal', async (page) => {
    const opened = Opened.parse(await page.timeout(10_000).emitWithAck('open', { cols: 80, rows: 24 }))
    const line = `${before}; (trap '' TERM HUP; setsid setsid ${leftCommand} </dev/null >/dev/null 2>&1 &)\r`
    page.emit('in', { terminal: opened.terminal }, Buffer.from(line))
    // What was sent before an answer has arrived with it.
    await page.timeout(10_000).emitWithAck('attach', { terminal: opened.terminal, cols: 80, rows: 24 })
  })
}
