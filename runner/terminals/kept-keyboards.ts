// Who holds which keyboard, kept on the runner's disk: a runner that restarts gives each back to its holder. Decides nothing
// about who may hold one (keyboard.ts).
import { readFile } from 'node:fs/promises'
import type { Logger } from 'pino'
import { z } from 'zod'
import { can, Role, type AccessChange } from '../../protocol/access.ts'
import { Generation, PersonId } from '../../protocol/ids.ts'
import type { Disk } from '../durable.ts'
import type { Hold } from './keyboard.ts'

const Holder = z.object({ id: PersonId, name: z.string(), role: Role })
const KeptHold = z.object({
  terminal: z.number(),
  pid: z.number(),
  /** The box in which this number and pid mean this terminal; null when it did not say which it is. */
  box: z.string().nullable().default(null),
  holder: Holder,
  until: z.number().nullable(),
  back: Holder.nullable(),
})
export type KeptHold = z.infer<typeof KeptHold>

const Format = z.object({
  format: z.literal('devex-keyboards'),
  version: z.literal(1),
  /** Terminals of another session may have the same numbers. */
  generation: Generation,
  holds: z.array(KeptHold),
})

export type KeptKeyboards = {
  /** What was kept of this program's terminal; given once. */
  take(terminal: Pick<KeptHold, 'terminal' | 'pid' | 'box'>): Hold | null
  /** Every terminal of before is known: what was not taken is of none that still lives. */
  forget(): void
  /** These are all there are now. Written behind; the last one stays. */
  keep(holds: KeptHold[]): void
  close(): Promise<void>
}

type Place = { path: string; generation: number; disk: Pick<Disk, 'replace'>; log: Logger }

/** `changes`: of roles, some of them made while no runner was here. */
export async function keptKeyboards(place: Place, changes: readonly AccessChange[]): Promise<KeptKeyboards> {
  let holds = (await read(place)).flatMap((hold) => stillTrue(hold, changes))
  let told = JSON.stringify(holds)
  let turn: Promise<void> = Promise.resolve()
  return {
    take: ({ terminal, pid, box }) => {
      const mine = holds.find((hold) => hold.terminal === terminal && hold.pid === pid && hold.box === box)
      holds = holds.filter((hold) => hold !== mine)
      return mine ?? null
    },
    forget: () => void (holds = []),
    keep: (now) => {
      const text = JSON.stringify(now)
      if (text === told) return
      told = text
      turn = turn.then(() => (text === told ? write(place, now) : undefined))
    },
    close: () => turn,
  }
}

/** One that cannot be read is none: then everybody types whose role lets them. */
async function read({ path, generation, log }: Place): Promise<KeptHold[]> {
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return []
  try {
    const kept = Format.parse(JSON.parse(text))
    return kept.generation === generation ? kept.holds : []
  } catch (fault) {
    log.warn({ err: fault }, 'who holds the keyboards cannot be read')
    return []
  }
}

async function write({ path, generation, disk, log }: Place, holds: KeptHold[]): Promise<void> {
  const kept: z.infer<typeof Format> = { format: 'devex-keyboards', version: 1, generation, holds }
  await disk.replace(path, Buffer.from(JSON.stringify(kept))).catch((fault: unknown) => {
    log.warn({ err: fault }, 'who holds the keyboards cannot be kept')
  })
}

/**
 * Without a holder whose role has changed while no runner was here, unless they may type by the role they have now; what
 * somebody was given after their last change stays theirs.
 */
function stillTrue(hold: KeptHold, changes: readonly AccessChange[]): KeptHold[] {
  const isAsBefore = ({ id, role }: z.infer<typeof Holder>): boolean => {
    const change = changes.findLast(({ person }) => person === id)
    if (change === undefined || change.role === role) return true
    return change.role !== null && can(change.role, 'terminal.type')
  }
  if (!isAsBefore(hold.holder)) return []
  return [{ ...hold, back: hold.back !== null && isAsBefore(hold.back) ? hold.back : null }]
}
