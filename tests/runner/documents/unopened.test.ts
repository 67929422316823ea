// Documents that nobody opens after a runner died or a sandbox was lost: their files hold what was typed all the same.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startRunner } from '../../../runner/start.ts'
import { newSetting } from './running.ts'
import { startSession } from './session.ts'

test('F-9 W-4 what the log holds is in the file as soon as the runner listens, though nobody opens it', async () => {
  const setting = await newSetting()
  const { launch } = setting
  const before = await startSession({ folders: launch })
  for (const name of ['a.txt', 'b.txt']) await before.put(name, 'seed\n')
  const [a, b] = [await before.join('a.txt'), await before.join('b.txt')]
  // As a backup does: the log is ahead of the file.
  before.crash()
  a.text.insert(0, 'typed\n')
  b.text.insert(0, 'typed too\n')
  await before.log.sync()

  const runner = await startRunner({ ...launch, generation: 2 })
  onTestFinished(async () => {
    await runner.close()
    await setting.close()
  })

  const onDisk = (name: string): Promise<string> => readFile(join(launch.workspace, name), 'utf8')
  expect(await onDisk('a.txt')).toBe('typed\nseed\n')
  expect(await onDisk('b.txt')).toBe('typed too\nseed\n')
})
