// One program on one PTY: nothing lost at its end, whole input, a clean environment.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Pty, type PtyExit } from '../../../runner/box/pty.ts'
import { shellCommand } from '../../../runner/box/shell.ts'
import { boxLaunch, eventually, tempFolder } from '../terminals/stage.ts'
import { seeded } from './seeded.ts'

type Ran = { output: Buffer; exit: PtyExit | null; after: number; pty: Pty }

function run(script: string, onStart: (pty: Pty) => void = () => undefined): Ran {
  const chunks: Buffer[] = []
  const ran: Ran = { exit: null, after: 0 } as Ran
  Object.defineProperty(ran, 'output', { get: () => Buffer.concat(chunks) })
  ran.pty = new Pty({
    file: '/bin/sh',
    args: ['-c', script],
    env: { PATH: process.env.PATH ?? '' },
    cwd: '/tmp',
    cols: 80,
    rows: 24,
    onOutput: (bytes) => {
      chunks.push(bytes)
      if (ran.exit) ran.after += bytes.length
    },
    onExit: (exit) => (ran.exit = exit),
  })
  onStart(ran.pty)
  return ran
}

describe('a program on a PTY', () => {
  test('T-2 of 200 programs that print 20 to 300 KB and end, none loses a byte, and no byte comes after the exit', async () => {
    const random = seeded(2)
    const lost: string[] = []

    for (let round = 0; round < 200; round += 4) {
      const sizes = [0, 1, 2, 3].map(() => 20_000 + random.below(280_000))
      const runs = sizes.map((size) => run(`head -c ${size} /dev/zero | tr '\\0' x; exit 3`))
      await eventually(() => runs.every((each) => each.exit))
      runs.forEach((each, index) => {
        if (each.output.length !== sizes[index] || each.after > 0)
          lost.push(`${sizes[index]}: ${each.output.length}`)
        expect(each.exit).toEqual({ code: 3, signal: null })
      })
    }

    expect(lost).toEqual([])
  })

  test('T-2 a program that ends while its PTY is held back loses nothing', async () => {
    const runs = Array.from({ length: 20 }, () => run(`printf 'x%.0s' $(seq 3000)`, (pty) => pty.pause(true)))

    await eventually(() => runs.every((each) => each.exit))

    expect(runs.map((each) => each.output.length)).toEqual(runs.map(() => 3000))
  })

  test('T-2 a program ends although somebody stopped its output with ^S', async () => {
    const ran = run('echo begin; read line; echo end', (pty) => pty.pause(false))
    await eventually(() => ran.output.includes('begin'))

    ran.pty.write(Buffer.from([0x13]))
    process.kill(ran.pty.pid, 'SIGKILL')

    const exit = await eventually(() => ran.exit)
    expect(exit).toEqual({ code: null, signal: 'SIGKILL' })
  })

  test('T-6 a paste of 1 MB waits while the program does not read, and arrives whole when it does', async () => {
    const paste = Buffer.alloc(1024 * 1024)
    const random = seeded(6)
    for (let at = 0; at < paste.length; at++) paste[at] = 97 + random.below(26)
    const reader = run(`stty raw -echo; echo ready; sleep 1; head -c ${paste.length} | sha256sum`)
    await eventually(() => reader.output.includes('ready'))

    reader.pty.write(paste)
    await eventually(() => reader.exit, 20_000)

    expect(reader.output.toString()).toContain(createHash('sha256').update(paste).digest('hex'))
  })

  test('a program inherits its terminal and the environment of the launch, and nothing else of ours', async () => {
    process.env.DEVEX_TEST_SECRET = 'ours'
    const folder = tempFolder()
    const launch = boxLaunch(folder.path)
    const neighbour = run('sleep 30')
    const shell = shellCommand(
      launch,
      'mark',
      'ls /proc/self/fd; test -t 0 && test -t 1 && test -t 2 && echo all-three; env',
    )
    const chunks: Buffer[] = []
    let exit: PtyExit | null = null

    new Pty({ ...shell, cols: 80, rows: 24, onOutput: (b) => void chunks.push(b), onExit: (e) => (exit = e) })
    await eventually(() => exit)
    delete process.env.DEVEX_TEST_SECRET
    process.kill(neighbour.pty.pid, 'SIGKILL')
    await eventually(() => neighbour.exit)
    folder.remove()

    const text = Buffer.concat(chunks).toString().replaceAll('\r', '')
    const names = [...text.matchAll(/^([A-Z_]+)=/gm)].map((match) => match[1]).sort()
    const open = text
      .split('\n')
      .filter((line) => /^\d+( |$)/.test(line))
      .join(' ')
      .split(/\s+/)
    expect(open).toEqual(['0', '1', '2', '3'])
    expect(text).toContain('all-three')
    expect(names).toEqual(['DEVEX_BOX', 'HOME', 'LANG', 'PATH', 'PWD', 'SHELL', 'SHLVL', 'TERM', '_'].sort())
  })
})
