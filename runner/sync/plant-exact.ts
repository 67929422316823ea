// Writes a tree's entries by feeding the system's tar, which can set times to the nanosecond as node cannot.
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import type { Content, Planted, Planter, PlantedFile } from './plant.ts'
import { type TarEntry, tarEnd, tarHead, tarPadding } from './tar.ts'

/** Nothing of ours is passed on: tar reads options from its environment. */
const env = { LC_ALL: 'C', PATH: '/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin' }
/** Bytes of tar's complaints that are kept. */
const complaintBytes = 4096

/** True when there is a tar that reads what we write; a busybox one would drop the times' fractions. */
export async function hasExactTar(): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('tar', ['--version'], { env })
    return /GNU tar|bsdtar/.test(stdout)
  } catch {
    return false
  }
}

/**
 * Entries are written one after the other, in the order in which they are given. Folders are made open at first; a second tar
 * gives them their modes and times when nothing more is made in them, for tar itself does so as soon as it leaves one.
 */
export function plantExactly(root: string): Planter {
  const folders: Planted[] = []
  const tree = startTar(root)
  const inTurn = oneByOne()
  return {
    folder: (entry) => {
      folders.push(entry)
      return inTurn(() => tree.say(tarHead({ ...entry, mode: 0o700, kind: 'folder', size: 0 })))
    },
    link: (entry, target) => inTurn(() => tree.say(tarHead({ ...entry, kind: 'link', size: 0, target }))),
    file: (entry, content) => inTurn(() => writeFile(tree, entry, content)),
    finish: () =>
      inTurn(async () => {
        await tree.finish()
        await finishFolders(root, folders)
      }),
    abandon: () => tree.abandon(),
  }
}

/** The deepest first: a folder that may not be entered is closed last. */
async function finishFolders(root: string, folders: Planted[]): Promise<void> {
  const tar = startTar(root)
  for (const entry of folders.toSorted((a, b) => b.path.length - a.path.length)) {
    await tar.say(tarHead({ ...entry, kind: 'folder', size: 0 }))
  }
  await tar.finish()
}

function oneByOne(): (write: () => Promise<void>) => Promise<void> {
  let turn: Promise<unknown> = Promise.resolve()
  return (write) => {
    const mine = turn.then(write)
    turn = mine.catch(() => undefined)
    return mine
  }
}

type Tar = { say(bytes: Uint8Array): Promise<void>; finish(): Promise<void>; abandon(): Promise<void> }

function startTar(root: string): Tar {
  const tar = spawn('tar', ['-x', '-p', '-o', '-f', '-', '-C', root], { env })
  const end = endOf(tar)
  const batch = batched((bytes) => send(tar, bytes, end))
  return {
    say: batch.say,
    finish: async () => {
      await batch.flush()
      tar.stdin.end(tarEnd)
      await end.promise
    },
    abandon: async () => {
      tar.kill('SIGKILL')
      await end.promise.catch(() => undefined)
    },
  }
}

async function writeFile({ say }: Tar, entry: PlantedFile, content: Content): Promise<void> {
  const head: TarEntry = { ...entry, kind: 'file' }
  await say(tarHead(head))
  let bytes = 0
  for await (const piece of content) {
    bytes += piece.length
    await say(piece)
  }
  if (bytes !== entry.size) throw new Error('a file is shorter or longer than its entry says')
  await say(tarPadding(bytes))
}

/** Bytes that are gathered before tar gets them: a pipe is slow in small pieces. */
const batchBytes = 256 * 1024

function batched(write: (bytes: Uint8Array) => Promise<void>) {
  let held: Uint8Array[] = []
  let bytes = 0
  const flush = async () => {
    const all = Buffer.concat(held)
    held = []
    bytes = 0
    await write(all)
  }
  const say = async (piece: Uint8Array) => {
    held.push(piece)
    bytes += piece.length
    if (bytes >= batchBytes) await flush()
  }
  return { say, flush }
}

type End = { promise: Promise<void>; fault(): Error | null }

/** Resolves when tar has done everything it was told; its complaint is the fault otherwise. */
function endOf(tar: ChildProcessWithoutNullStreams): End {
  let complaint = ''
  let fault: Error | null = null
  tar.stderr.on(
    'data',
    (piece: Buffer) => (complaint = (complaint + piece.toString()).slice(-complaintBytes)),
  )
  tar.stdout.resume()
  tar.stdin.on('error', () => undefined)
  const promise = new Promise<void>((resolve, reject) => {
    tar.once('error', (thrown) => reject((fault = thrown)))
    tar.once('close', (code) => (code === 0 ? resolve() : reject((fault = asFault(complaint, code)))))
  })
  promise.catch(() => undefined)
  return { promise, fault: () => fault }
}

function asFault(complaint: string, code: number | null): Error {
  const isFull = /No space left|quota exceeded/i.test(complaint)
  return Object.assign(new Error(`tar ended with ${code}: ${complaint}`), isFull ? { code: 'ENOSPC' } : {})
}

/** Waits while tar is behind; rejects with its complaint once it has ended. */
async function send(tar: ChildProcessWithoutNullStreams, bytes: Uint8Array, end: End): Promise<void> {
  if (tar.stdin.destroyed) {
    await end.promise
    throw end.fault() ?? new Error('tar has ended')
  }
  if (bytes.length === 0 || tar.stdin.write(bytes)) return
  await Promise.race([once(tar.stdin, 'drain'), end.promise])
}
