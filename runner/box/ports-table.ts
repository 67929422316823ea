// Reads the system's table of listening sockets and finds whose they are. Decides nothing; knows no link.
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'

/** A socket that listens: its port, and the inode by which /proc/<pid>/fd names it. */
export type Listener = { port: number; inode: string }

/** The system lists listening sockets first: reading stops behind them, so that thousands of connections cost nothing. */
const pieceBytes = 32 * 1024
const tables = ['/proc/self/net/tcp', '/proc/self/net/tcp6']
const listening = '0A'
/** Characters of a program's name that can be shown. */
const mostLetters = 64
/** Addresses on which 127.0.0.1 or ::1 reaches a socket: any, loopback, and both as mapped into version 6. */
const reachable = /^(?:00000000|[0-9A-F]{6}7F|0{32}|0{24}01000000|0{16}FFFF0000(?:00000000|[0-9A-F]{6}7F))$/

/** Every socket that listens where we could dial it. Empty where the system has no such table. */
export function listeners(): Listener[] {
  return tables.flatMap((table) => parseTable(headOf(table)))
}

/** The lines of a table up to the last that listens. */
export function parseTable(text: string): Listener[] {
  const found: Listener[] = []
  for (const line of text.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    if (state === listening && inode !== undefined && reachable.test(address))
      found.push({ port: Number.parseInt(port, 16), inode })
  }
  return found
}

function headOf(table: string): string {
  try {
    const file = openSync(table, 'r')
    try {
      return readHead(file)
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}

function readHead(file: number): string {
  const piece = Buffer.alloc(pieceBytes)
  let text = ''
  for (;;) {
    const bytes = readSync(file, piece)
    text += piece.toString('latin1', 0, bytes)
    if (bytes === 0 || hasOther(text)) return text
  }
}

/** True once a line of another state than listening came. */
function hasOther(text: string): boolean {
  const lines = text.split('\n').slice(1, -1)
  const state = lines.at(-1)?.trim().split(/\s+/)[3]
  return state !== undefined && state !== listening
}

/** Which of `inodes` process `pid` holds open. */
export function heldBy(pid: number, inodes: ReadonlySet<string>): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = inodeOf(`/proc/${pid}/fd/${fd}`)
      return inode !== null && inodes.has(inode) ? [inode] : []
    })
  } catch {
    return []
  }
}

function inodeOf(link: string): string | null {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1] ?? null
  } catch {
    return null
  }
}

/** What a program calls itself, without its folder and arguments: `python3`, `next-server`. Node calls its main thread MainThread. */
export function programName(pid: number): string {
  const [called = ''] = textOf(`/proc/${pid}/cmdline`).split(/[\0 ]/)
  const name = called.slice(called.lastIndexOf('/') + 1) || textOf(`/proc/${pid}/comm`).trim()
  return name.replace(/\p{C}/gu, '').slice(0, mostLetters)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
