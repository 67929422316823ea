// A box that is stopped or hangs, as a program of its own: pages are told, nothing typed is lost unsaid, and terminals go on.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { boxFrameBytes, RunnerToBox } from '../../../protocol/box.ts'
import { decodeFrame, encodeStreamFrame, FrameSplitter } from '../../../protocol/frames.ts'
import { Lifecycle } from '../../../runner/lifecycle.ts'
import { BoxLink } from '../../../runner/terminals/box-link.ts'
import { boxPrograms } from '../../exams/cage-rig.ts'
import { quiet } from '../workspace/stage.ts'
import { boxLaunch, eventually, Stage, tempFolder } from './stage.ts'

/** Longer than a box may be silent, on a busy machine. */
const patientMs = 30_000

async function stageWithBox(endMs?: number) {
  const programs = await boxPrograms()
  const stage = new Stage()
  stage.endMs = endMs
  const launch = join(stage.folder.path, 'box.json')
  writeFileSync(launch, JSON.stringify(boxLaunch(stage.folder.path)))
  const box = spawn(process.execPath, [join(programs.folder, 'box.js'), launch], { stdio: 'ignore' })
  stage.box = {
    close: async () => {
      box.kill('SIGKILL')
      await programs.remove()
    },
  }
  onTestFinished(() => stage.close())
  await stage.startRunner()
  return { stage, box }
}

test('T-14 a box that is stopped is told of in words, what is typed meanwhile is refused, and its terminals go on without a gap', async () => {
  const { stage, box } = await stageWithBox()
  const ada = await stage.page('ada')
  const terminal = await ada.openAndAttach()
  ada.type(terminal, 'n=before; for i in $(seq 100); do echo tick$i; sleep 0.1; done; echo $n done\r')
  await eventually(() => ada.text(terminal).includes('tick3'))

  box.kill('SIGSTOP')

  const told = await eventually(() => ada.refused[0], patientMs)
  expect(told.error).toMatchObject({
    code: 'unavailable',
    say: expect.stringContaining('after a minute they are ended'),
  })
  expect(stage.terminals.boxReady()).toBe(false)
  ada.type(terminal, 'echo never\r')
  await eventually(() => ada.refused.some(({ error }) => error.say.includes('what you typed was not sent')))

  box.kill('SIGCONT')

  await eventually(() => stage.terminals.boxReady(), patientMs)
  await eventually(() => ada.text(terminal).includes('before done'), patientMs)
  ada.type(terminal, 'echo $n again\r')
  await eventually(() => ada.text(terminal).includes('before again'))
  expect(ada.text(terminal)).not.toContain('never')
  expect(ada.of(terminal).gaps).toBe(0)
  for (let tick = 1; tick <= 100; tick++) expect(ada.text(terminal)).toContain(`tick${tick}\r`)
}, 90_000)

test('T-14 R-7 a stop is refused as soon as the box is silent, for its programs may write; it goes through when the box was ended', async () => {
  // Waiting for the box's own time to be over would be waiting for ever.
  const { stage, box } = await stageWithBox(3_600_000)
  const ada = await stage.page('ada')
  const terminal = await ada.openAndAttach()
  ada.type(terminal, 'echo begun\r')
  await eventually(() => ada.text(terminal).includes('begun\r\n'))
  const steps: string[] = []
  const step = (name: string) => async () => void steps.push(name)
  const lifecycle = new Lifecycle({
    link: { freeze: step('freeze'), thaw: () => void steps.push('thaw') },
    documents: { materialise: step('materialise'), putAway: async () => steps.push('put away') },
    terminals: stage.terminals,
    watcher: { sweep: step('sweep') },
    changes: { ended: step('changes') },
    logger: quiet,
  })

  box.kill('SIGSTOP')
  // The first learns of the silence, the second knows.
  await expect(lifecycle.quiesce('Stopping.')).rejects.toMatchObject({ code: 'unavailable' })
  await expect(lifecycle.quiesce('Stopping.')).rejects.toMatchObject({ code: 'unavailable' })

  const refused = ['freeze', 'changes', 'materialise', 'thaw']
  expect(steps.splice(0)).toEqual([...refused, ...refused])

  // As a driver does; a box that was stopped ends its programs, itself and its socket.
  const ended = once(box, 'exit')
  for (const signal of ['SIGTERM', 'SIGCONT'] as const) box.kill(signal)
  await ended
  await lifecycle.quiesce('Stopping.')
  expect(steps).toEqual(['freeze', 'changes', 'materialise', 'sweep', 'put away'])
}, 90_000)

test('T-14 R-7 a stop is refused, too, when the box was silent before the runner came back: its hello is not waited for; it goes on when it answers', async () => {
  const { stage, box } = await stageWithBox(3_600_000)
  await stage.stopRunner()
  box.kill('SIGSTOP')
  await stage.startRunnerAlone()

  await expect(stage.terminals.endAll()).rejects.toMatchObject({ code: 'unavailable' })
  await expect(stage.terminals.endAll()).rejects.toMatchObject({ code: 'unavailable' })

  expect([stage.terminals.boxReady(), stage.terminals.boxGone()]).toEqual([false, false])
  box.kill('SIGCONT')
  await eventually(() => stage.terminals.boxReady(), patientMs)
  await stage.terminals.endAll()
}, 90_000)

test('T-14 a box of an older build that gives no beats is not asked for any, and not taken for away', async () => {
  const folder = tempFolder()
  const launch = boxLaunch(folder.path)
  const asked: string[] = []
  const older = createServer((socket) => {
    const splitter = new FrameSplitter(boxFrameBytes)
    socket.write(encodeStreamFrame({ type: 'hello', protocol: 1, build: 'older', terminals: [] }))
    socket.on('data', (chunk: Buffer) => {
      for (const frame of splitter.push(chunk)) asked.push(RunnerToBox.parse(decodeFrame(frame).header).type)
    })
  })
  older.listen(launch.socket)
  await once(older, 'listening')
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const lost: string[] = []
  const link = new BoxLink({
    socket: launch.socket,
    secret: launch.secret,
    build: 'test',
    log: quiet,
    onHello: () => undefined,
    onLost: (why) => lost.push(why),
    onOutput: () => undefined,
  })
  onTestFinished(() => {
    vi.useRealTimers()
    link.close()
    older.close()
    folder.remove()
  })
  await eventually(() => link.isReady && asked.length > 0)

  for (let seconds = 0; seconds < 60; seconds++) vi.advanceTimersByTime(1000)

  expect(link.send({ type: 'rename', terminal: 1, name: 'last' })).toBe(true)
  await eventually(() => asked.includes('rename'))
  expect({ asked, lost }).toEqual({ asked: ['hello', 'rename'], lost: [] })
}, 30_000)

test('T-14 R-7 a stop does not wait for a box that is gone', async () => {
  const { stage, box } = await stageWithBox(3_600_000)
  let putAway = 0
  const lifecycle = new Lifecycle({
    link: { freeze: async () => undefined, thaw: () => undefined },
    documents: { materialise: async () => undefined, putAway: async () => ++putAway },
    terminals: stage.terminals,
    watcher: { sweep: async () => undefined },
    changes: { ended: async () => undefined },
    logger: quiet,
  })

  const stopped = lifecycle.quiesce('Stopping.')
  box.kill('SIGKILL')

  expect(await stopped).toEqual({ seq: 1 })
}, 90_000)
