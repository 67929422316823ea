// The exam of the SignIn seam: what every way in promises, asked of the owner link in front of a real HTTP API.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectApi } from '../../app/services/api.server.ts'
import { ownerLink } from '../../app/services/owner-link.server.ts'
import type { SignIn } from '../../app/services/sign-in.server.ts'
import { AppError, errorStatus } from '../../protocol/errors.ts'
import type { Person } from '../../protocol/repl.ts'
import { startFakeApi, type FakeApi } from '../support/fake-api.ts'

interface Sat {
  signIn: SignIn
  /** Somebody outside, with a good proof of who they are. */
  arrive(): { person: Person; proof: string }
  /** Makes what stands behind the way in answer nothing, until the returned function is called. */
  breakDown(): () => void
  close(): Promise<void>
}

async function refusal(work: Promise<unknown>): Promise<AppError> {
  try {
    await work
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('it was not refused')
}

/** Runs the exam on what `sit` prepares. */
function examineSignIn(name: string, sit: () => Promise<Sat>): void {
  describe(`sign-in: ${name}`, () => {
    let sat: Sat
    beforeAll(async () => void (sat = await sit()))
    afterAll(() => sat.close())

    test('a good proof gives its person', async () => {
      const { person, proof } = sat.arrive()
      expect(await sat.signIn.finish(proof)).toEqual(person)
    })

    test('A-4 a proof works once; the second time is refused in words', async () => {
      const { proof } = sat.arrive()
      await sat.signIn.finish(proof)

      const second = await refusal(sat.signIn.finish(proof))
      expect(second.code).toBe('link-used')
      expect(second.say).toMatch(/\.$/)
    })

    test('A-4 of many at the same time with one proof exactly one gets in', async () => {
      const { person, proof } = sat.arrive()
      const tries = Array.from({ length: 8 }, () => sat.signIn.finish(proof))
      const ends = await Promise.allSettled(tries)

      const in_ = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
      expect(in_).toEqual([person])
    })

    test.each([
      '',
      ' ',
      '../people',
      'a'.repeat(31),
      'A'.repeat(32),
      'a'.repeat(10_000),
      'é'.repeat(32),
      'a'.repeat(32),
    ])('a proof that is none is refused with a code of 4xx: %j', async (proof) => {
      const refused = await refusal(sat.signIn.finish(proof))
      expect(Math.floor(errorStatus[refused.code] / 100)).toBe(4)
      expect(refused.say.length).toBeGreaterThan(10)
    })

    test('when what stands behind is down, the proof stays good', async () => {
      const { person, proof } = sat.arrive()
      const repair = sat.breakDown()
      expect((await refusal(sat.signIn.finish(proof))).code).toBe('unavailable')

      repair()
      expect(await sat.signIn.finish(proof)).toEqual(person)
    })

    test('the way in is told in whole sentences and names no secret', () => {
      const { proof } = sat.arrive()
      const { title, say } = sat.signIn.wayIn()
      expect(title.length).toBeGreaterThan(5)
      expect(say).toMatch(/\.$/)
      expect(title + say).not.toContain(proof)
    })
  })
}

const breakdown = new AppError('unavailable', { say: 'The orchestrator is down.' })

async function sitOwnerLink(): Promise<Sat> {
  const fake: FakeApi = await startFakeApi()
  return {
    signIn: ownerLink({ api: connectApi({ url: fake.url, secret: fake.secret }) }),
    arrive: () => {
      const person = fake.newPerson('Ada', true)
      return { person, proof: fake.newLink(person) }
    },
    breakDown: () => {
      fake.failWith(breakdown)
      return () => fake.failWith(null)
    },
    close: fake.close,
  }
}

examineSignIn('owner link', sitOwnerLink)

test('an API that is gone altogether is told as unavailable', async () => {
  const fake = await startFakeApi()
  await fake.close()
  const signIn = ownerLink({ api: connectApi({ url: fake.url, secret: fake.secret }) })

  expect((await refusal(signIn.finish('a'.repeat(32)))).code).toBe('unavailable')
})
