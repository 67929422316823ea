// Which number a REPL's files and processes have while it has a place here, and giving files to it. Only of use to root.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isFolder } from '../../disk.ts'
import type { Places } from './places.ts'

const run = promisify(execFile)

/**
 * Numbers that no distribution, container or user database hands out (systemd: "unused", 1879048192 to 2147483647), cut into
 * slots, so that two installations of one machine do not meet.
 */
const firstNumber = 1_879_048_192
const slots = 65_536
const numbersPerSlot = 4_096
/** Bytes of paths that a tool may answer. */
const answerBytes = 64 * 1024 * 1024

export type Owners = {
  /** The REPL's number: the one it has, or one that no other REPL here has. */
  of(at: Places): Promise<number>
  /** Gives folders to it, whatever was made in them before; modes and times stay. */
  give(number: number, folders: string[]): Promise<void>
}

/** `data`: the installation's folder. */
export function ownersIn(data: string): Owners {
  const first = firstNumber + slotOf(data) * numbersPerSlot
  let turn: Promise<unknown> = Promise.resolve()
  const choose = async (at: Places) => (await numberIn(at.sandbox)) ?? claim(data, at, first)
  return {
    of(at) {
      const mine = turn.then(() => choose(at))
      turn = mine.catch(() => undefined)
      return mine
    },
    give: (number, folders) => give(number, folders),
  }
}

function slotOf(data: string): number {
  return createHash('sha256').update(data).digest().readUInt16BE(0) % slots
}

const fileOf = (sandbox: string) => join(sandbox, 'owner')

async function numberIn(sandbox: string): Promise<number | null> {
  const number = Number(await readFile(fileOf(sandbox), 'utf8').catch(() => ''))
  return Number.isInteger(number) && number >= firstNumber ? number : null
}

async function claim(data: string, at: Places, first: number): Promise<number> {
  const sandboxes = join(data, 'sandboxes')
  const names = await readdir(sandboxes)
  const taken = new Set(await Promise.all(names.map((name) => numberIn(join(sandboxes, name)))))
  let number = first
  while (taken.has(number)) number++
  await writeFile(fileOf(at.sandbox), String(number), { mode: 0o600 })
  return number
}

async function give(number: number, folders: string[]): Promise<void> {
  const there = []
  for (const folder of folders) if (await isFolder(folder)) there.push(folder)
  if (there.length === 0) return
  const special = await withSpecialModes(there)
  await run('chown', ['-hR', '--', `${number}:${number}`, ...there], { maxBuffer: answerBytes })
  for (const { path, mode } of special) await chmod(path, mode)
}

/** A change of owner takes these bits away from files. */
async function withSpecialModes(folders: string[]): Promise<Array<{ path: Buffer; mode: number }>> {
  const found = await run('find', [...folders, '-type', 'f', '-perm', '/6000', '-printf', '%m %p\\0'], {
    encoding: 'buffer',
    maxBuffer: answerBytes,
  })
  return split(found.stdout).map((entry) => {
    const space = entry.indexOf(' ')
    return { mode: Number.parseInt(entry.toString('latin1', 0, space), 8), path: entry.subarray(space + 1) }
  })
}

function split(bytes: Buffer): Buffer[] {
  const entries: Buffer[] = []
  for (let from = 0, to = bytes.indexOf(0); to >= 0; from = to + 1, to = bytes.indexOf(0, from))
    entries.push(bytes.subarray(from, to))
  return entries
}

/** That everything in a sandbox belongs to its number: written when it is so, removed before it may not be. */
export const given = {
  has: async (at: Places, number: number) =>
    (await readFile(at.given, 'utf8').catch(() => '')) === String(number),
  note: (at: Places, number: number) => writeFile(at.given, String(number), { mode: 0o600 }),
  forget: (at: Places) => rm(at.given, { force: true }),
}
