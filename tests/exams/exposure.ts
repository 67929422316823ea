// The exam of every exposure: what the seam promises about how a repl's runner is reached.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Exposure } from '../../orchestrator/exposure/exposure.ts'

/** `again` makes the exposure that the next process of the orchestrator would make, over the same way in. */
export type ExposureUnderExam = { exposure: Exposure; again(): Exposure; close(): Promise<void> }

const ada = 'a'.repeat(20)
const grace = 'g'.repeat(20)

export function exposureExam(name: string, start: (folder: string) => Promise<ExposureUnderExam>): void {
  describe(`exposure: ${name}`, () => {
    let folder: string
    let under: ExposureUnderExam
    const runners: Server[] = []
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'dvx-exp-'))
      under = await start(folder)
    })
    afterEach(async () => {
      await under.close()
      for (const runner of runners.splice(0)) runner.close()
      await rm(folder, { recursive: true })
    })

    /** A runner that answers with its name. */
    const runnerAt = async (named: string) => {
      const socket = join(folder, `${named}.sock`)
      const runner = createServer((_req, res) => res.setHeader('connection', 'close').end(named)).listen(
        socket,
      )
      runners.push(runner)
      await once(runner, 'listening')
      return { socket }
    }
    const reach = async (repl: string) => {
      const answer = await fetch(`${under.exposure.doors(repl).runner}/hello`)
      return answer.ok ? answer.text() : answer.status
    }

    test('an exposed runner is reached as soon as expose has resolved, each repl its own', async () => {
      await under.exposure.expose(ada, await runnerAt('first'))
      expect(await reach(ada)).toBe('first')

      await under.exposure.expose(grace, await runnerAt('second'))
      expect([await reach(ada), await reach(grace)]).toEqual(['first', 'second'])
    })

    test('many exposed at once are all reached', async () => {
      const repls = Array.from({ length: 20 }, (_, index) => `${'abcdefghijklmnopqrst'[index]}`.repeat(20))
      const target = await runnerAt('all')

      await Promise.all(repls.map((repl) => under.exposure.expose(repl, target)))

      for (const repl of repls) expect(await reach(repl)).toBe('all')
    })

    test('a hidden runner is no longer reached, others are; hiding twice is no error', async () => {
      const target = await runnerAt('one')
      await under.exposure.expose(ada, target)
      await under.exposure.expose(grace, target)

      await under.exposure.hide(ada)
      await under.exposure.hide(ada)

      expect(await reach(ada)).toBe(409)
      expect(await reach(grace)).toBe('one')
    })

    test('a second expose replaces the target', async () => {
      await under.exposure.expose(ada, await runnerAt('before'))
      expect(await reach(ada)).toBe('before')

      await under.exposure.expose(ada, await runnerAt('after'))

      expect(await reach(ada)).toBe('after')
    })

    test('what is exposed outlives the process that exposed it', async () => {
      await under.exposure.expose(ada, await runnerAt('first'))

      const next = under.again()
      await next.expose(grace, await runnerAt('second'))
      expect([await reach(ada), await reach(grace)]).toEqual(['first', 'second'])

      await next.hide(ada)
      expect(await reach(ada)).toBe(409)
    })

    test('P-7 P-8 each port of each repl is seen at an origin of its own, the same after a restart and never that of the doors', async () => {
      await under.exposure.expose(ada, await runnerAt('one'))
      const of = { repl: ada, slug: 'ada-abcdef', port: 3000, from: 'http://localhost:7070', plain: false }

      const first = await under.exposure.preview(of)

      const others = [
        await under.exposure.preview({ ...of, port: 3001 }),
        await under.exposure.preview({ ...of, repl: grace, slug: 'grace-abcdef' }),
        new URL(under.exposure.doors(ada).runner).origin,
      ]
      expect(others).not.toContain(first)
      expect(new Set(others).size).toBe(3)
      expect(await under.exposure.preview(of)).toBe(first)
      expect(await under.again().preview(of)).toBe(first)
    })

    test('the doors of a repl are its own, never change, and end in no slash', async () => {
      const before = under.exposure.doors(ada)
      await under.exposure.expose(ada, await runnerAt('one'))

      expect(under.exposure.doors(ada)).toEqual(before)
      expect(under.again().doors(ada)).toEqual(before)
      expect(before.runner).toMatch(/^https?:\/\/[^?#]*[^/]$/)
      expect(before.collab).toMatch(/^wss?:\/\/[^?#]*[^/]$/)
      expect(under.exposure.doors(grace).runner).not.toBe(before.runner)
    })
  })
}
