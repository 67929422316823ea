// The isolation that sessions of a data folder were last started with, remembered in it. Chooses none.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { Level } from '../../protocol/repl.ts'
import { writeWhole } from '../disk.ts'
import { Refusal } from './words.ts'

const Remembered = z.object({ version: z.literal(1), level: Level })

const fileIn = (data: string): string => join(data, 'isolation.json')

/** Null where nobody has started yet. A file that cannot be read is no leave to isolate less. */
export async function lastIsolation(data: string): Promise<Level | null> {
  const text = await readFile(fileIn(data), 'utf8').catch((thrown: unknown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null
    throw unreadable(data)
  })
  if (text === null) return null
  try {
    return Remembered.parse(JSON.parse(text)).level
  } catch {
    throw unreadable(data)
  }
}

export async function rememberIsolation(data: string, level: Level): Promise<void> {
  await writeWhole(fileIn(data), JSON.stringify({ version: 1, level }))
}

function unreadable(data: string): Refusal {
  return new Refusal(
    `${fileIn(data)} cannot be read: it says which isolation sessions had. Start with --isolation LEVEL to set it anew.`,
  )
}
