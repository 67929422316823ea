// A kept keyboard and the box that it was held in: numbers and pids begin anew in each box, and mean other terminals there.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { boxFrameBytes, RunnerToBox, type BoxTerminal } from '../../../protocol/box.ts'
import { decodeFrame, encodeStreamFrame, FrameSplitter } from '../../../protocol/frames.ts'
import { protocolVersion } from '../../../protocol/hello.ts'
import type { TerminalInfo } from '../../../protocol/terminal.ts'
import { systemDisk } from '../../../runner/disk.ts'
import { systemClock } from '../../../runner/documents/clock.ts'
import { keptKeyboards } from '../../../runner/terminals/kept-keyboards.ts'
import { TerminalRoom } from '../../../runner/terminals/room.ts'
import type { Peer } from '../../../runner/terminals/shared.ts'
import { eventually, ids, Stage, tempFolder } from './stage.ts'

const log = pino({ level: 'silent' })
const shell: BoxTerminal = {
  terminal: 1,
  name: 'Terminal 1',
  cols: 80,
  rows: 24,
  pid: 7,
  first: 0,
  next: 0,
  exit: null,
}

/** Every shell in it is number 1 and pid 7, as in any box that was just started in a namespace of its own. */
async function aBox(
  socket: string,
  of: { box?: string; terminals: BoxTerminal[] },
): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>()
  const answer = (socket: Socket, message: RunnerToBox): void => {
    if (message.type === 'hello')
      socket.write(encodeStreamFrame({ type: 'hello', protocol: protocolVersion, build: 'test', ...of }))
    if (message.type === 'open')
      socket.write(encodeStreamFrame({ type: 'opened', ask: message.ask, terminal: shell }))
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    const splitter = new FrameSplitter(boxFrameBytes)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      for (const frame of splitter.push(chunk)) answer(socket, RunnerToBox.parse(decodeFrame(frame).header))
    })
  }).listen(socket)
  await once(server, 'listening')
  return async () => {
    server.close()
    for (const each of sockets) each.destroy()
    await once(server, 'close')
  }
}

async function aRoom(folder: string) {
  const path = join(folder, 'keyboards.json')
  const keyboards = await keptKeyboards({ path, generation: 1, disk: systemDisk, log }, [])
  const room = new TerminalRoom({
    boxSocket: join(folder, 'box.sock'),
    boxSecret: 'secret',
    build: 'test',
    run: 'true',
    materialise: () => Promise.resolve(),
    clock: systemClock,
    log,
    tapeBytes: 1024,
    keyboards,
    stopping: () => false,
  })
  let list: TerminalInfo[] = []
  const send: Peer['send'] = (event, ...args) => {
    if (event === 'list') list = args[0] as TerminalInfo[]
  }
  const ada: Peer = { id: 'page', person: { id: ids.ada, name: 'ada', role: 'owner' }, send }
  const close = async (): Promise<void> => {
    room.dispose()
    await keyboards.close()
  }
  onTestFinished(close)
  await eventually(() => room.isReady)
  room.join(ada)
  return { room, ada, close, holder: () => list[0]?.keyboard?.holder?.name, seen: () => list.length }
}

/** A folder where ada held the keyboard of shell 1 in the box `first` when box and runner went. */
async function heldBefore(first: { box?: string }): Promise<string> {
  const { path: folder, remove } = tempFolder()
  onTestFinished(remove)
  const endBox = await aBox(join(folder, 'box.sock'), { ...first, terminals: [] })
  const { room, ada, holder, close } = await aRoom(folder)
  await room.open(ada, { cols: 80, rows: 24 })
  room.attach(ada, { terminal: 1, cols: 80, rows: 24 }).begin()
  room.keyboard(ada, { terminal: 1, op: 'take' })
  await eventually(() => holder() === 'ada')
  await close()
  await endBox()
  return folder
}

test.each([
  ['the same box gives it back', { box: 'a' }, { box: 'a' }, 'ada'],
  ['a box of an older build, too', {}, {}, 'ada'],
  ['another box does not, though number and pid are the same', { box: 'a' }, { box: 'b' }, undefined],
])('T-9 a kept keyboard is its terminal’s alone: %s', async (_what, before, after, holds) => {
  const folder = await heldBefore(before)
  onTestFinished(await aBox(join(folder, 'box.sock'), { ...after, terminals: [shell] }))

  const { holder, seen } = await aRoom(folder)

  await eventually(() => seen() === 1)
  expect(holder()).toBe(holds)
})

test('T-9 what no living terminal took of the kept keyboards falls to none that is opened later', async () => {
  const folder = await heldBefore({ box: 'a' })
  onTestFinished(await aBox(join(folder, 'box.sock'), { box: 'a', terminals: [] }))
  const { room, ada, holder, seen } = await aRoom(folder)
  const path = join(folder, 'keyboards.json')
  await eventually(() => readFileSync(path, 'utf8').includes('"holds":[]'))

  await room.open(ada, { cols: 80, rows: 24 })

  await eventually(() => seen() === 1)
  expect(holder()).toBeUndefined()
})

test('T-9 a box says which one it is, and the next one says another', async () => {
  const marks = await Promise.all([1, 2].map(() => keptMark()))
  expect(new Set(marks).size).toBe(2)
  for (const mark of marks) expect(mark).toMatch(/^[0-9a-f]{16}$/)
})

/** The mark of a real box, as it is kept beside a keyboard. */
async function keptMark(): Promise<string | undefined> {
  const stage = await Stage.start()
  onTestFinished(() => stage.close())
  const ada = await stage.page('ada', 'owner')
  const terminal = await ada.openAndAttach()
  expect(await ada.ask('keyboard', { terminal, op: 'take' })).toMatchObject({ ok: true })
  const path = join(stage.folder.path, 'keyboards.json')
  return eventually(() => /"box":"([^"]*)"/.exec(readFileSync(path, 'utf8'))?.[1])
}
