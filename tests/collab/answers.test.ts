// What the relay answers peers with: once each, when it can be taken, without holding up other repls.
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { Answers } from '../../collab-server/answers.ts'
import { Colors } from '../../collab-server/presence.ts'
import type { Peer } from '../../collab-server/peer.ts'
import { Room } from '../../collab-server/room.ts'
import { step1Frame } from '../../collab-server/wire.ts'
import { limits } from '../../protocol/limits.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A peer whose socket takes nothing until it is drained. */
class SlowPeer {
  readonly claims: { sub: string; name: string; role: 'viewer' }
  readonly isOurs = false
  readonly mayEdit = false
  readonly hasGap = false
  wants = null
  laggingSince: number | null = null
  presenceClient = null
  sent: Uint8Array[] = []
  queued = 0

  constructor(name: string) {
    this.claims = { sub: name, name, role: 'viewer' }
  }

  get asPeer(): Peer {
    return this as unknown as Peer
  }

  get states(): Uint8Array[] {
    return this.sent.filter((frame) => frame[0] === 0 && frame[1] === 1)
  }

  send(frame: Uint8Array): void {
    this.sent.push(frame)
    this.queued += frame.length
  }

  notice(): void {}
  countFrame(): void {}
  ride(): void {}
  canTake(): boolean {
    return this.queued <= limits.laggingBytes
  }
}

const large = new Y.Doc()
large.getText('content').insert(0, 'x'.repeat(1024 * 1024))

/** A room whose runner has answered; `questions` are those it was asked. */
function readyRoom(answers: Answers): { room: Room; questions: string[] } {
  const questions: string[] = []
  const runner = {
    isAttached: true,
    frozen: null,
    alarm: null,
    send: ({ type }: { type: string }) => questions.push(type) > 0,
  }
  const room = new Room(
    { repl: 'x', doc: 'd', epoch: 'e' },
    { runner, answers, colors: new Colors(), log: pino({ level: 'silent' }), isPresenceOnly: false },
  )
  room.admit(new SlowPeer('grace').asPeer)
  room.state({ vector: Y.encodeStateVector(large), update: Y.encodeStateAsUpdate(large) })
  return { room, questions }
}

const whole = step1Frame(Uint8Array.of(0))

test('C-12 who asks again and again without reading is answered once, and again when it has read', () => {
  const { room } = readyRoom(new Answers(() => 0))
  const peer = new SlowPeer('ada')
  room.admit(peer.asPeer)

  for (let i = 0; i < 200; i += 1) room.receive(peer.asPeer, whole)
  vi.advanceTimersByTime(60_000)
  expect(peer.states).toHaveLength(1)

  peer.queued = 0
  vi.advanceTimersByTime(1000)
  expect(peer.states).toHaveLength(2)
  peer.queued = 0
  vi.advanceTimersByTime(60_000)
  expect(peer.states).toHaveLength(2)

  peer.queued = limits.laggingBytes
  for (let i = 0; i < 200; i += 1) room.receive(peer.asPeer, Uint8Array.of(3))
  expect(peer.sent.filter((frame) => frame[0] === 1).length).toBeLessThan(5)
  expect(peer.laggingSince).not.toBe(null)
})

test('C-12 what waits for somebody who left is forgotten', () => {
  const { room } = readyRoom(new Answers(() => 0))
  const peer = new SlowPeer('ada')
  room.admit(peer.asPeer)
  peer.queued = limits.laggingBytes
  room.receive(peer.asPeer, whole)
  room.leave(peer.asPeer)
  peer.queued = 0
  vi.advanceTimersByTime(60_000)
  expect(peer.states).toEqual([])
})

test('C-12 a state waits on many sockets as one piece of memory, and what a returning class lacks is cut once', () => {
  const { room } = readyRoom(new Answers(() => 0))
  const behind = new Y.Doc()
  Y.applyUpdate(behind, Y.encodeStateAsUpdate(large))
  const known = Y.encodeStateVector(behind)
  for (const [vector, name] of [
    [Uint8Array.of(0), 'whole'],
    [known, 'returning'],
  ] as const) {
    const peers = Array.from({ length: 30 }, (_, i) => new SlowPeer(`${name}${i}`))
    for (const peer of peers) {
      room.admit(peer.asPeer)
      room.receive(peer.asPeer, step1Frame(vector))
    }
    vi.advanceTimersByTime(10_000)
    expect(new Set(peers.map((peer) => peer.states[0]?.buffer)).size, name).toBe(1)
    expect(peers.every((peer) => peer.states.length === 1)).toBe(true)
  }
})

test('C-12 one person on many sockets is sent no more than a bound; others are served meanwhile', () => {
  let queued = limits.answersBytes + 1
  const answers = new Answers((person) => (person === 'ada' ? queued : 0))
  const given: string[] = []
  answers.ask(new SlowPeer('ada').asPeer, () => given.push('ada'))
  answers.ask(new SlowPeer('grace').asPeer, () => given.push('grace'))
  vi.advanceTimersByTime(1000)
  expect(given).toEqual(['grace'])
  queued = 0
  vi.advanceTimersByTime(1000)
  expect(given).toEqual(['grace', 'ada'])
})

test('C-12 answers that take long leave three quarters of the time to others', () => {
  const answers = new Answers(() => 0)
  const given: number[] = []
  const begun = performance.now()
  for (let i = 0; i < 4; i += 1)
    answers.ask(new SlowPeer(`p${i}`).asPeer, () => {
      given.push(performance.now() - begun)
      vi.setSystemTime(Date.now() + 30)
      vi.advanceTimersByTime(30)
    })
  vi.advanceTimersByTime(10_000)
  expect(given).toEqual([0, 120, 240, 360])
})

test('C-12 a large state is not asked of the runner for each who joins while others type', () => {
  const { room, questions } = readyRoom(new Answers(() => 0))
  const typist = new Y.Doc()
  Y.applyUpdate(typist, Y.encodeStateAsUpdate(large))
  const peer = new SlowPeer('ada')
  room.admit(peer.asPeer)
  questions.length = 0

  for (let i = 0; i < 50; i += 1) {
    typist.getText('content').insert(0, 'y')
    room.fromRunner(Y.encodeStateAsUpdate(typist, Y.encodeStateVector(large)))
    room.receive(peer.asPeer, whole)
    if (questions.includes('open'))
      room.state({ vector: Y.encodeStateVector(typist), update: Y.encodeStateAsUpdate(typist) })
  }
  expect(questions.filter((type) => type === 'open').length).toBeLessThan(3)
  vi.advanceTimersByTime(1000)
  room.state({ vector: Y.encodeStateVector(typist), update: Y.encodeStateAsUpdate(typist) })
  expect(peer.states.length).toBeGreaterThan(0)
})
