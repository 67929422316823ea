// A stop of a session whose box is frozen, with the real programs at the best level of this machine: the order of its steps.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { offeredLevels } from '../exams/cage-rig.ts'
import { eventually } from '../support/eventually.ts'
import { Installation } from '../support/installation.ts'
import { leaveProgram, leftCommand } from '../support/left-program.ts'

const level = (await offeredLevels()).at(-1) ?? 'process'

test('R-7 S-4 a stop of a frozen session ends its box first, then takes everything in, in order; nothing of it is left', async () => {
  const installation = new Installation(null, level)
  const { api } = installation
  const repls: string[] = []
  onTestFinished(() => installation.stop(repls))
  await installation.start()
  const ada = await api.owner()
  const repl = await api.create(ada, 'frozen')
  repls.push(repl)
  await api.startRepl(ada, repl)
  const { token } = await api.doors(ada, repl)
  await leaveProgram({ socket: installation.runnerSocket(repl), repl, token }, 'echo kept > kept.txt')
  const file = join(installation.workspace(repl), 'kept.txt')
  await eventually(async () => (await readFile(file, 'utf8')) === 'kept\n')
  await eventually(() => installation.standing(repl).some(({ command }) => command.startsWith(leftCommand)))

  const box = installation.standing(repl).filter(({ side }) => side === 'box')
  for (const { pid } of box) process.kill(pid, 'SIGSTOP')
  const steps = api.steps(ada, repl, 'stopped done')
  await api.stopRepl(ada, repl)

  expect((await steps).slice((await steps).indexOf('quiesce begun'))).toEqual([
    'quiesce begun',
    'quiesce failed',
    'quiesce begun',
    'quiesce done',
    'flush begun',
    'flush done',
    'verify begun',
    'verify done',
    'release begun',
    'release done',
    'stopped done',
  ])
  expect(installation.standing(repl)).toEqual([])
  await api.startRepl(ada, repl)
  expect(await readFile(file, 'utf8')).toBe('kept\n')
}, 120_000)
