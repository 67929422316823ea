// Every exposure takes the same exam.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { frontDoorExposure } from '../../orchestrator/exposure/front-door/exposure.ts'
import { startFrontDoor } from '../../orchestrator/exposure/front-door/start.ts'
import { exposureExam } from './exposure.ts'

exposureExam('the front door', async (folder) => {
  const routesFile = join(folder, 'run', 'routes.json')
  const door = await startFrontDoor({
    DEVEX_BUILD: 'test',
    DEVEX_LOG: 'silent',
    DEVEX_HOST: '127.0.0.1',
    DEVEX_PORT: 0,
    DEVEX_APP_URL: 'http://127.0.0.1:1',
    DEVEX_COLLAB_URL: 'http://127.0.0.1:1',
    DEVEX_ORIGINS: '',
    DEVEX_ROUTES: routesFile,
  })
  const again = () => frontDoorExposure({ routesFile, publicUrl: door.url })
  return { exposure: again(), again, close: () => door.close() }
})

test('the doors of the front door lie below its public address, with TLS where that has it', () => {
  const exposure = frontDoorExposure({
    routesFile: join(tmpdir(), 'dvx-none', 'routes.json'),
    publicUrl: 'https://ide.example/',
  })

  expect(exposure.doors('a'.repeat(20))).toEqual({
    collab: 'wss://ide.example/collab',
    runner: `https://ide.example/r/${'a'.repeat(20)}`,
  })
})
