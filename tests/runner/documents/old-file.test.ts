// Programs that had a file open before ours took its name, and write on into the old one: nobody would ever see that again.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { startSession, eventually, type Peer, type TestSession } from './session.ts'

/** Opens `path`, says so, and then obeys: each line it is told is a piece of program that knows `fs` and `fd`. */
const writer = `
  const fs = require('node:fs')
  const fd = fs.openSync(process.argv[1], process.argv[2])
  process.stdin.on('data', (told) => { for (const line of String(told).trim().split('\\n')) eval(line); console.log('done') })
  console.log('open')
`

class Program {
  readonly #child: ChildProcess

  constructor(path: string, flags: string) {
    this.#child = spawn(process.execPath, ['-e', writer, path, flags], { stdio: ['pipe', 'pipe', 'inherit'] })
    onTestFinished(() => void this.#child.kill('SIGKILL'))
  }

  async opened(): Promise<void> {
    await once(this.#child.stdout ?? this.#child, 'data')
  }

  async does(line: string): Promise<void> {
    const done = this.opened()
    this.#child.stdin?.write(`${line}\n`)
    await done
  }
}

async function scene(flags: string): Promise<{ session: TestSession; page: Peer; program: Program }> {
  const session = await startSession()
  await session.put('log.txt', 'one\ntwo\nthree\n')
  const page = await session.join('log.txt')
  const program = new Program(`${session.folders.workspace}/log.txt`, flags)
  await program.opened()
  return { session, page, program }
}

/** What a descriptor of ours leads to. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

/** Types a line, which gives the file a new inode. */
async function types({ session, page }: { session: TestSession; page: Peer }, line: string): Promise<void> {
  const before = session.documents.count.writes
  page.text.insert(0, `${line}\n`)
  await session.documents.materialise('test')
  expect(session.documents.count.writes).toBeGreaterThan(before)
}

test('W-5 what a program adds through a descriptor from before our write is in the text and in the file', async () => {
  const { session, page, program } = await scene('a')

  for (let step = 1; step <= 4; step += 1) {
    await types({ session, page }, `ada ${step}`)
    await program.does(`fs.writeSync(fd, 'tool ${step}\\n')`)
  }

  const whole = 'ada 4\nada 3\nada 2\nada 1\none\ntwo\nthree\ntool 1\ntool 2\ntool 3\ntool 4\n'
  await eventually('the text has it all', () => page.text.toString() === whole)
  await eventually('the file has it all', async () => (await session.text('log.txt')) === whole)
})

test('W-5 what a program changes in the middle of a file that has lost its name is merged', async () => {
  const { session, page, program } = await scene('r+')

  await types({ session, page }, 'ada 1')
  await program.does(`fs.writeSync(fd, 'TWO', 4)`)
  await eventually('merged', () => page.text.toString() === 'ada 1\none\nTWO\nthree\n')
  await types({ session, page }, 'ada 2')
  await program.does(`fs.writeSync(fd, 'tri', 8)`)

  await eventually(
    'merged again',
    async () => (await session.text('log.txt')) === 'ada 2\nada 1\none\nTWO\ntriee\n',
  )
})

test('W-5 a program that empties a file that has lost its name, and writes it anew, empties nobody’s text in between', async () => {
  const { session, page, program } = await scene('r+')
  await types({ session, page }, 'ada 1')
  await program.does('fs.ftruncateSync(fd, 0)')

  for (const line of ['ada 2', 'ada 3']) {
    await types({ session, page }, line)
    // Looks at the file, and at the old one.
    await session.documents.changed(new Set(['log.txt']))
    expect(page.text.toString()).toContain('one\ntwo\nthree\n')
  }
  await program.does(`fs.writeSync(fd, 'one\\ntwo\\nthree\\nfour\\n', 0)`)

  const whole = 'ada 3\nada 2\nada 1\none\ntwo\nthree\nfour\n'
  await eventually('the new line is in the text', () => page.text.toString() === whole)
})

test('W-5 who types for long leaves few old files open, and the one that a program has is among them', async () => {
  const { session, page, program } = await scene('a')
  const deleted = (): number =>
    readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(session.folders.workspace)).length

  for (let line = 1; line <= 50; line += 1) await types({ session, page }, `ada ${line}`)
  expect(deleted()).toBeGreaterThan(0)
  expect(deleted()).toBeLessThanOrEqual(32)
  await program.does(`fs.writeSync(fd, 'still here\\n')`)
  await eventually('taken in', () => page.text.toString().endsWith('three\nstill here\n'))

  await session.stop()
  expect(deleted()).toBe(0)
})

test('W-5 C-14 what is written in the last moment before a stop is in what is put away', async () => {
  const { session, page, program } = await scene('a')
  await types({ session, page }, 'ada 1')
  await program.does(`fs.writeSync(fd, 'last words\\n')`)

  await session.documents.putAway()

  expect(await session.text('log.txt')).toBe('ada 1\none\ntwo\nthree\nlast words\n')
  expect(page.text.toString()).toBe('ada 1\none\ntwo\nthree\nlast words\n')
})

test('W-9 what came through an old descriptor survives a crash like any edit', async () => {
  const { session, page, program } = await scene('a')
  await types({ session, page }, 'ada 1')
  await program.does(`fs.writeSync(fd, 'tool\\n')`)
  await eventually('taken in', () => page.text.toString().includes('tool'))
  session.crash()
  await session.log.sync()

  const again = await startSession({ folders: session.folders, generation: 2 })
  const text = (await again.join('log.txt')).text.toString()

  expect(text).toBe('ada 1\none\ntwo\nthree\ntool\n')
})
