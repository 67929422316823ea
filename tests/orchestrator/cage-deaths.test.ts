// Each process that a cage puts around runner and box, killed alone: its side ends with it, the other goes on, a new one is whole.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { boxPrograms, CageRig, offeredLevels } from '../exams/cage-rig.ts'
import { eventually } from '../support/eventually.ts'
import { leftCommand } from '../support/left-program.ts'
import { around, isStanding, type Part, partsOf, sideOf, standing } from '../support/session-parts.ts'

/** With and without a network of its own, which is a process of its own. */
const levels = (await offeredLevels()).filter((level) => level === 'bwrap' || level === 'bwrap+net')

let programs: Awaited<ReturnType<typeof boxPrograms>>
beforeAll(async () => void (programs = await boxPrograms()))
afterAll(() => programs.remove())

describe.each(levels)('isolation %s', { timeout: 90_000 }, (level) => {
  test('S-4 R-9 whichever process of a side is killed, its whole side goes and is told of, the other stays, and the next boot makes it whole', async () => {
    const rig = await CageRig.open(level, programs.folder)
    const a = await rig.session()
    const { repl } = a.session
    const file = join(rig.data, 'sandboxes', repl, 'processes.json')
    const heard: string[] = []
    const endWatch = a.sandbox.watch((told) => heard.push(told))
    const parts = around.filter((part) => part !== 'box log')
    const isWhole = (): boolean => partsOf(file).size === around.length + 2
    await eventually(isWhole)
    expect([...partsOf(file).keys()].toSorted()).toEqual(['runner', 'box', ...around].toSorted())
    // Not before its terminal: a program that has left everything it was started by.
    void a.client.open(`(trap '' TERM HUP; setsid setsid ${leftCommand} </dev/null >/dev/null 2>&1 &)`)
    await eventually(() => standing(file, repl).some(({ command }) => command.startsWith(leftCommand)))

    for (const part of parts) {
      const dying = standing(file, repl).filter(({ side }) => side === sideOf(part))
      const staying = otherSide(part, file)
      heard.length = 0
      process.kill(partsOf(file).get(part)!, 'SIGKILL')

      await eventually(() => dying.every((each) => !isStanding(each)) && heard.includes(repl))
      const seen = await a.sandbox.observe(a.session)
      expect([part, seen.runner, seen.box]).toEqual([part, ...alive(part)])
      expect(otherSide(part, file)).toEqual(staying)
      await a.sandbox.boot(a.session)
      await eventually(isWhole)
    }

    endWatch()
    await a.release()
    expect(standing(file, repl)).toEqual([])
    await rig.close()
  })

  test('S-4 a box whose log is not copied any more goes on, and ends with its session', async () => {
    const rig = await CageRig.open(level, programs.folder)
    const a = await rig.session()
    const file = join(rig.data, 'sandboxes', a.session.repl, 'processes.json')
    process.kill(partsOf(file).get('box log')!, 'SIGKILL')
    await eventually(() => !partsOf(file).has('box log'))

    // Opening a terminal and refusing a stranger are lines of the log.
    expect((await a.run('echo still here')).output).toContain('still here')
    expect(await a.sandbox.observe(a.session)).toMatchObject({ runner: true, box: true })

    await a.release()
    expect(standing(file, a.session.repl)).toEqual([])
    await rig.close()
  })
})

/** The parts of the other side and their pids: what a person's program has just begun there may end meanwhile. */
const otherSide = (part: Part, file: string): [Part, number][] =>
  [...partsOf(file)].filter(([each]) => sideOf(each) !== sideOf(part))

/** Runner and box after the death of this part. */
const alive = (part: Part): [runner: boolean, box: boolean] => [
  sideOf(part) !== 'runner',
  sideOf(part) !== 'box',
]
