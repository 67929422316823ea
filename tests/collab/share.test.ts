// What one person's frames may cost the relay: what is refused anyway is not decoded, and nobody takes more than their share of time.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as encoding from 'lib0/encoding'
import type { Peer } from '../../collab-server/peer.ts'
import { Share } from '../../collab-server/share.ts'
import { decodePeerFrame, step1Frame, step2Frame, updateFrame } from '../../collab-server/wire.ts'
import { limits } from '../../protocol/limits.ts'

const garbage = new Uint8Array(64).fill(255)

describe('decoding', () => {
  test('C-12 C-8 what a viewer may not do, and what is too large for anybody, is refused without being decoded', () => {
    expect(decodePeerFrame(updateFrame(garbage), { mayEdit: false })).toMatchObject({ isEmpty: false })
    expect(decodePeerFrame(step2Frame(garbage), { mayEdit: false })).toMatchObject({ isStep2: true })
    expect(() => decodePeerFrame(updateFrame(garbage), { mayEdit: true })).toThrow()
    const large = new Uint8Array(limits.collabUpdateBytes + 1).fill(255)
    expect(decodePeerFrame(updateFrame(large), { mayEdit: true })).toMatchObject({ isEmpty: false })
    const nothing = step2Frame(Uint8Array.of(0, 0))
    for (const mayEdit of [true, false])
      expect(decodePeerFrame(nothing, { mayEdit })).toMatchObject({ isEmpty: true, isStep2: true })
  })

  test('C-12 C-3 a state vector is bounded and whole', () => {
    const vectorOf = (clients: number): Uint8Array => {
      const encoder = encoding.createEncoder()
      encoding.writeVarUint(encoder, clients)
      for (let i = 0; i < 2 * clients; i += 1) encoding.writeVarUint(encoder, 1)
      return encoding.toUint8Array(encoder)
    }
    const decode = (vector: Uint8Array) => decodePeerFrame(step1Frame(vector), { mayEdit: false })
    expect(decode(vectorOf(30_000))).toMatchObject({ type: 'step1' })
    expect(() => decode(vectorOf(limits.vectorBytes / 2))).toThrow(/too long/)
    expect(() => decode(vectorOf(1000).subarray(0, 1000))).toThrow()
  })
})

describe('a share of the time', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  class ReadPeer {
    readonly reasons = new Set<string>()
    pause(why: string): void {
      this.reasons.add(why)
    }
    resume(why: string): void {
      this.reasons.delete(why)
    }
    get asPeer(): Peer {
      return this as unknown as Peer
    }
  }

  test('C-12 who has used up their share is not read on any socket until it has grown again', () => {
    const share = new Share()
    const [one, two] = [new ReadPeer(), new ReadPeer()]
    share.join(one.asPeer)
    share.join(two.asPeer)
    for (let i = 0; i < 10; i += 1) share.spend(50)
    expect(one.reasons.size).toBe(0)

    share.spend(1000)
    const late = new ReadPeer()
    share.join(late.asPeer)
    for (const peer of [one, two, late]) expect([...peer.reasons]).toEqual(['share'])
    vi.advanceTimersByTime(3900)
    expect(one.reasons.size).toBe(1)
    vi.advanceTimersByTime(200)
    for (const peer of [one, two, late]) expect(peer.reasons.size).toBe(0)
  })

  test('C-12 who types all the time is always read', () => {
    const share = new Share()
    const peer = new ReadPeer()
    share.join(peer.asPeer)
    for (let i = 0; i < 10_000; i += 1) {
      share.spend(2)
      vi.advanceTimersByTime(10)
      expect(peer.reasons.size).toBe(0)
    }
  })
})
