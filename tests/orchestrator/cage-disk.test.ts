// The bound of a box's disk: whoever fills it, by whatever way, is stopped or ended, people are told, and nobody else notices.
import { closeSync, existsSync, openSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { identify, isAlive } from '../../orchestrator/process-identity.ts'
import { isStill, signalMember } from '../../orchestrator/sandbox/local/members.ts'
import { placesOf } from '../../orchestrator/sandbox/local/places.ts'
import { readProcesses } from '../../orchestrator/sandbox/local/processes.ts'
import { heldRemoved, mappedIn } from '../../orchestrator/sandbox/local/removed.ts'
import { membersOf } from '../../orchestrator/sandbox/local/use.ts'
import { BoxDisk, type Measured } from '../../orchestrator/sandbox/local/watch-disk.ts'
import { boxPrograms, CageRig, type Caged, offeredLevels } from '../exams/cage-rig.ts'
import { eventually } from '../support/eventually.ts'
import { tempFolder } from '../support/folders.ts'

/** The watch is the same at every level that has bounds. */
const levels = (await offeredLevels()).filter((level) => level !== 'process').slice(-1)
const MiB = 1024 ** 2
/** A busy machine looks late. */
const patientMs = 60_000
const isFullSaid = 'programs that write to it are stopped'

let programs: Awaited<ReturnType<typeof boxPrograms>>
beforeAll(async () => void (programs = await boxPrograms()))
afterAll(() => programs.remove())

describe.each(levels)('isolation %s', (level) => {
  let rig: CageRig
  let a: Caged
  let endWatch: () => void
  beforeEach(async () => {
    rig = await CageRig.open(level, programs.folder, { diskBytes: 24 * MiB })
    endWatch = rig.driver().watch(() => undefined)
    a = await rig.session()
  })
  afterEach(async () => {
    endWatch()
    await a.release()
    await rig.close()
  })

  const at = () => placesOf({ data: rig.data, run: join(rig.folder, 'run') }, a.session.repl)
  const says = (terminal: number, words: string | RegExp): Promise<string> =>
    eventually(() => {
      const output = a.client.output(terminal)
      if (typeof words === 'string' && output.includes(words)) return words
      const found = typeof words === 'string' ? undefined : words.exec(output)?.[1]
      if (found === undefined) throw new Error(output.slice(-500))
      return found
    }, patientMs)

  test('S-3 W-13 everybody is told of a full disk; removed files that are still held are no room, and it is said who holds them', async () => {
    const shell = await a.client.open()
    const holding = `python3 -c 'import time; f = open("big", "wb", 0); f.write(bytes(30_000_000)); time.sleep(1000)'`
    const filler = await a.client.open(holding)
    await says(shell, /The disk of this REPL is (1\d\d) % full/)
    await eventually(() => existsSync(at().diskFull))

    expect((await a.run('rm big')).code).toBe(0)
    const holder = await says(shell, /python3? \(process (\d+)\) holds them open/)
    expect(a.client.output(shell)).not.toContain('There is room')
    expect(existsSync(at().diskFull)).toBe(true)

    await a.run(`kill -9 ${holder}`)
    await says(shell, 'There is room on the disk of this REPL again')
    await eventually(() => !existsSync(at().diskFull))
    expect(a.client.output(filler)).toContain('of this REPL')
  }, 180_000)

  test('S-3 W-13 a runner that is started again finds the mark of a full disk', async () => {
    const shell = await a.client.open()
    await a.client.open('cat /dev/zero > big')
    await says(shell, isFullSaid)
    await eventually(() => existsSync(at().diskFull))
    const { runner } = await readProcesses(at().processes)

    process.kill(runner?.pid ?? 0, 'SIGKILL')
    await eventually(async () => runner !== null && !(await isAlive(runner)))
    await a.sandbox.boot(a.session)

    expect((await readProcesses(at().processes)).runner).not.toEqual(runner)
    expect(existsSync(at().diskFull)).toBe(true)
  }, 180_000)

  test('S-3 a program that is stopped for the disk goes on when there is room', async () => {
    const shell = await a.client.open()
    // Writes for ever, and never holds more than a fifth too much: a busy machine looks late, and nobody is ended before.
    await a.client.open('i=0; while :; do head -c 2000000 /dev/zero > f$((i % 15)); i=$((i+1)); done')
    await says(shell, isFullSaid)

    await a.run('rm -f f*')

    await says(shell, 'stopped programs go on')
  }, 180_000)

  test('S-3 files without a name and those at home count as any other', async () => {
    const shell = await a.client.open()
    await a.run(
      `(trap "" HUP; setsid python3 -c 'import os,time;f=open("x","wb");os.unlink("x");f.write(bytes(18<<20));f.flush();open("held","w").close();time.sleep(1000)' </dev/null >/dev/null 2>&1 &); until [ -e held ]; do sleep 0.1; done`,
    )
    await a.run('head -c 10M /dev/zero > ~/x')

    await says(shell, /The disk of this REPL is (1\d\d) % full/)
  }, 180_000)

  test('S-3 of many programs that write a little each all are ended, in words; the box stays, and who removes files then may', async () => {
    const shell = await a.client.open()
    const box = await identify(await a.box())
    const little = 'while :; do head -c 40000 /dev/zero >> little$i; sleep 0.1; done'
    await a.client.open(`for i in $(seq 60); do (${little}) & done; wait`)

    await says(shell, /is (\d+) % full: all its programs were ended/)

    expect(await identify(await a.box())).toEqual(box)
    await eventually(
      async () => (await a.run('rm -f little*; sleep 1; echo removed')).output.includes('removed'),
      patientMs,
    )
    await eventually(() => !existsSync(at().diskFull), patientMs)
  }, 180_000)

  test('S-3 a box’s log stays small, whoever gets hold of it', async () => {
    const log = join(rig.data, 'sandboxes', a.session.repl, 'box.log')

    // In one step: what comes in pieces may be emptied in the midst of them.
    await truncate(log, 20 * MiB)

    await eventually(async () => (await stat(log)).size < MiB, patientMs)
  }, 60_000)

  test('S-3 while the disk cannot be looked at in time, what was written since counts', async () => {
    const lines: string[] = []
    const log = pino({ level: 'warn' }, { write: (line) => void lines.push(line) })
    let looks = 0
    const other = new BoxDisk({
      repl: a.session.repl,
      box: await a.box(),
      at: at(),
      limit: 8 * MiB,
      everyMs: 0,
      log,
      // Late once, and then without an end.
      measure: () => (looks++ === 0 ? Promise.resolve(null) : new Promise(() => undefined)),
    })
    const look = async () => other.look((await membersOf([await a.box()])).get(await a.box()) ?? [], 1e15)
    await look()

    const writer = await a.client.open('for i in $(seq 10000); do head -c 1000000 /dev/zero > same; done')

    await eventually(async () => {
      await look()
      return a.client.output(writer).includes(`full: ${isFullSaid}`)
    }, patientMs)
    expect(lines.join('')).toContain('could not be looked at in time')
  }, 180_000)

  test('S-3 a disk that can never be looked at in time is taken for full: writers are stopped, in words', async () => {
    const diskFull = join(rig.folder, 'mark')
    const other = new BoxDisk({
      repl: a.session.repl,
      box: await a.box(),
      at: { ...at(), diskFull },
      limit: 1e15,
      everyMs: 0,
      log: pino({ level: 'silent' }),
      measure: () => Promise.resolve(null),
    })
    const writer = await a.client.open('for i in $(seq 10000); do head -c 1000000 /dev/zero > same; done')

    await eventually(async () => {
      await other.look((await membersOf([await a.box()])).get(await a.box()) ?? [], 1e15)
      return a.client.output(writer).includes(`and is taken for full: ${isFullSaid}`)
    }, patientMs)

    expect(existsSync(diskFull)).toBe(true)
  }, 180_000)
})

test('S-3 a signal is for the program that was seen, never for a later one with its number', async () => {
  const child = spawn('sleep', ['100'])
  const known = await eventually(() => identify(child.pid ?? 0))
  const later = { ...known, starttime: '1' }

  expect([isStill(later), signalMember(later, 'SIGKILL')]).toEqual([false, false])
  expect(await isAlive(known)).toBe(true)
  expect(signalMember(known, 'SIGKILL')).toBe(true)
  await eventually(async () => !(await isAlive(known)))
  expect(signalMember(known, 'SIGKILL')).toBe(false)
})

describe('S-3 when removed files cannot be looked for in time', () => {
  const limit = 100
  async function watched(bytes: number) {
    const folder = await tempFolder()
    const lines: string[] = []
    const answers: ((found: Measured) => void)[] = []
    const at = placesOf({ data: folder.path, run: folder.path }, 'a-repl')
    const disk = new BoxDisk({
      repl: 'a-repl',
      box: 0,
      at: { ...at, diskFull: join(folder.path, 'mark') },
      limit,
      everyMs: 0,
      log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }),
      measure: () => new Promise((resolve) => answers.push(resolve)),
    })
    onTestFinished(() => folder.remove())
    const late = () => lines.filter((line) => line.includes('could not be looked at in time')).length
    /** One look that comes too late. */
    const look = async () => {
      const answer = await eventually(async () => {
        await disk.look([], 0)
        return answers.pop() ?? Promise.reject(new Error('the look before is under way'))
      })
      answer({ bytes, removed: null })
    }
    return { look, lines, late, isMarked: () => existsSync(join(folder.path, 'mark')) }
  }

  test('what du alone finds counts as the least', async () => {
    const { look, lines, isMarked } = await watched(0.96 * limit)
    await look()
    await eventually(isMarked)
    await eventually(() => lines.join('').includes('96 % full'))
  })

  test('the third time in a row it is taken for full', async () => {
    const { look, late, isMarked } = await watched(1)
    for (let n = 1; n <= 3; n++) {
      expect(isMarked()).toBe(false)
      await look()
      await eventually(() => late() === n)
    }
    await eventually(isMarked)
  })

  test('the time counts inside one process too', async () => {
    const files = Array.from({ length: 800 }, () => openSync('/dev/null', 'r'))
    onTestFinished(() => files.forEach((file) => closeSync(file)))
    expect(await heldRemoved([{ pid: process.pid, starttime: '' }], ['/'], 1)).toBe(null)
  })
})

test('S-3 what is mapped of a removed file counts where the file lies on a disk of the sandbox, and nowhere else', () => {
  const line = (dev: string) => `7f0000000000-7f0000004000 rw-s 00000000 ${dev} 77 /x/y (deleted)`
  expect(mappedIn(line('fe:00'), new Set([0xfe00n]))).toEqual(['77', 0x4000])
  expect(mappedIn(line('103:12345'), new Set([0x12310345n]))).toEqual(['77', 0x4000])
  // A file system in memory.
  expect(mappedIn(line('00:1b'), new Set([0xfe00n, null]))).toBe(null)
})
