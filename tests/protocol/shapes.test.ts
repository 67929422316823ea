// The pure parts of the wire: ids, paths, frames, permission.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Role, can } from '../../protocol/access.ts'
import type { Action } from '../../protocol/access.ts'
import { parseRoomPath, roomPath } from '../../protocol/document.ts'
import { AppError, asAppError } from '../../protocol/errors.ts'
import { FrameSplitter, concat, decodeFrame, encodeFrame, encodeStreamFrame } from '../../protocol/frames.ts'
import { protocolVersion, speaks } from '../../protocol/hello.ts'
import {
  Code,
  DocId,
  Epoch,
  PersonId,
  ReplId,
  ReplName,
  base32,
  newCode,
  newDocId,
  newEpoch,
  newPersonId,
  newReplId,
} from '../../protocol/ids.ts'
import { ObjectKey, objectKeys } from '../../protocol/objects.ts'
import { isWithin, isWorkspacePath, workspacePath } from '../../protocol/paths.ts'
import { random } from '../support/keys.ts'

test('base32 is RFC 4648 in lower case', () => {
  const of = (text: string): string => base32(new TextEncoder().encode(text))
  expect(['f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map(of)).toEqual([
    'my',
    'mzxq',
    'mzxw6',
    'mzxw6yq',
    'mzxw6ytb',
    'mzxw6ytboi',
  ])
})

test('every generated id is one that its own schema takes', () => {
  for (let i = 0; i < 50; i++) {
    ReplId.parse(newReplId(random))
    DocId.parse(newDocId(random))
    Epoch.parse(newEpoch(random))
    PersonId.parse(newPersonId(random))
    Code.parse(newCode(random))
  }
})

test('W-1 a path that could leave the workspace is no workspace path', () => {
  const bad = [
    '',
    '/',
    '/etc/passwd',
    '..',
    '../x',
    'a/../b',
    'a//b',
    './a',
    'a/.',
    'a/',
    'a\0b',
    'a\nb',
    'a\\b',
    '\ud800',
    'x'.repeat(256),
    'x/'.repeat(600) + 'x',
  ]
  expect(bad.filter(isWorkspacePath)).toEqual([])
  expect(['a', 'src/main.py', '...', '.git', 'über/ünï.txt', '日本/😀', ' a '].every(isWorkspacePath)).toBe(
    true,
  )
  expect(() => workspacePath('../x')).toThrow(AppError)
})

test('isWithin knows a folder from a name that begins alike', () => {
  expect([
    isWithin('a', 'a'),
    isWithin('a', 'a/b'),
    isWithin('', 'x'),
    isWithin('a', 'ab'),
    isWithin('a/b', 'a'),
  ]).toEqual([true, true, true, false, false])
})

test('frames come out of a byte stream as they went in, however it is cut', () => {
  const frames = fc.array(fc.record({ header: fc.jsonValue(), payload: fc.uint8Array({ maxLength: 200 }) }), {
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 50 }), (sent, step) => {
      const stream = concat(...sent.map((frame) => encodeStreamFrame(frame.header, frame.payload)))
      const splitter = new FrameSplitter(1 << 20)
      const got: Array<{ header: unknown; payload: Uint8Array }> = []
      for (let at = 0; at < stream.length; at += step) {
        for (const frame of splitter.push(stream.slice(at, at + step))) {
          const { header, payload } = decodeFrame(frame)
          got.push({ header, payload: payload.slice() })
        }
      }
      expect(got).toEqual(
        JSON.parse(JSON.stringify(sent.map(({ header }) => ({ header })))).map((one: object, i: number) => ({
          ...one,
          payload: sent[i]?.payload,
        })),
      )
    }),
  )
})

test('a frame that is cut, too long or no JSON is refused as bad input', () => {
  for (const bytes of [[], [0, 0, 0], [0, 0, 0, 9, 1], [255, 255, 255, 255], [0, 0, 0, 1, 123]]) {
    expect(() => decodeFrame(Uint8Array.from(bytes))).toThrow(AppError)
  }
  expect(() => new FrameSplitter(10).push(Uint8Array.of(0, 0, 1, 0))).toThrow(AppError)
  expect(decodeFrame(encodeFrame({ a: 1 }))).toEqual({ header: { a: 1 }, payload: new Uint8Array(0) })
})

test('A-8 each role does what the table says and no more', () => {
  const watching: Action[] = [
    'repl.open',
    'document.read',
    'file.read',
    'tree.read',
    'terminal.watch',
    'presence.show',
  ]
  const editing: Action[] = [
    'repl.start',
    'repl.stop',
    'document.edit',
    'file.write',
    'tree.change',
    'terminal.open',
    'terminal.type',
    'terminal.close',
    'run',
  ]
  const owning: Action[] = ['repl.rename', 'repl.delete', 'invite.create', 'member.change', 'audit.read']
  const may = (role: Role): Action[] =>
    [...watching, ...editing, ...owning].filter((action) => can(role, action))
  expect(may('viewer')).toEqual(watching)
  expect(may('editor')).toEqual([...watching, ...editing])
  expect(may('owner')).toEqual([...watching, ...editing, ...owning])
})

test('A-8 a role or an action that is not in the table may nothing', () => {
  for (const action of ['', 'everything', 'constructor', 'TREE.CHANGE'] as unknown as Action[])
    expect(can('owner', action)).toBe(false)
  expect(Role.safeParse('admin').success).toBe(false)
})

test('C-1 only a whole, well-formed room path names a room', () => {
  const room = { repl: newReplId(random), doc: newDocId(random), epoch: newEpoch(random) }
  expect(parseRoomPath(roomPath(room))).toEqual(room)
  expect(parseRoomPath(roomPath({ repl: room.repl, doc: 'presence', epoch: '0' }))).not.toBeNull()
  for (const path of [
    '',
    '/',
    '/collab',
    `${roomPath(room)}/x`,
    roomPath({ ...room, epoch: '0' }),
    roomPath({ ...room, doc: 'presence' }),
  ]) {
    expect(parseRoomPath(path)).toBeNull()
  }
})

test('F-1 no key leads out of the store', () => {
  const repl = newReplId(random)
  const sha = 'a'.repeat(64)
  const good = [
    objectKeys.head(repl),
    objectKeys.manifest(repl, 3, 17, 0),
    objectKeys.pack(sha),
    objectKeys.blob(sha),
  ]
  expect(good.every((key) => ObjectKey.safeParse(key).success)).toBe(true)
  const bad = [
    '',
    '/etc/passwd',
    '../x',
    `v1/packs/../${sha}`,
    `v1/repls/${repl}/../HEAD.json`,
    `v1/packs/${sha}/x`,
    `v1/repls/${repl}/orphans/1/..`,
  ]
  expect(bad.filter((key) => ObjectKey.safeParse(key).success)).toEqual([])
})

test('an unknown fault becomes internal and keeps its words from people', () => {
  const fault = asAppError(new Error('password is hunter2'))
  expect([fault.code, fault.say.includes('hunter2')]).toEqual(['internal', false])
  expect(asAppError(ReplName.safeParse('').error).code).toBe('bad-input')
})

test('a build speaks its own version and the one before', () => {
  expect([protocolVersion, protocolVersion - 1, protocolVersion + 1, 0].map(speaks)).toEqual([
    true,
    protocolVersion > 1,
    false,
    false,
  ])
})
