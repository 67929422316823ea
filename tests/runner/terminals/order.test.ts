// Enter, Run and restarts: documents first, one Run state for everybody, shells that outlive their runner.
import { afterEach, describe, expect, test } from 'vitest'
import { InputQueue } from '../../../runner/terminals/input.ts'
import { seeded } from '../box/seeded.ts'
import { eventually, Stage, type StageOptions } from './stage.ts'

let stage: Stage | undefined
afterEach(async () => {
  await stage?.close()
  stage = undefined
})
async function start(options: StageOptions): Promise<Stage> {
  stage = await Stage.start(options)
  return stage
}

/** Lets everything that is ready happen. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('before a byte that could run a file', () => {
  test('T-7 documents are materialised, over 200 interleavings with a slow disk, and no key overtakes another', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seeded(seed)
      const waiting: (() => void)[] = []
      let edited = 0
      let onDisk = 0
      const written: { text: string; edited: number; onDisk: number }[] = []
      const asked: number[] = []
      const queue = new InputQueue({
        materialise: async () => {
          const upTo = edited
          await new Promise<void>((resolve) => waiting.push(resolve))
          onDisk = Math.max(onDisk, upTo)
        },
        write: (bytes) => written.push({ text: Buffer.from(bytes).toString(), edited: 0, onDisk }),
      })
      const typed: string[] = []
      for (let step = 0; step < 40; step++) {
        const what = random.below(4)
        if (what === 0) edited++
        else if (what === 1) waiting.splice(random.below(waiting.length + 1), 1)[0]?.()
        else {
          const text = random.pick(['a', 'bc', 'run\r', '\n', 'x\ry'])
          typed.push(text)
          asked.push(edited)
          void queue.push(Buffer.from(text), () => undefined)
        }
        if (random.below(2) === 0) await turn()
      }
      while (written.length < typed.length) {
        waiting.shift()?.()
        await turn()
      }
      expect(written.map(({ text }) => text)).toEqual(typed)
      written.forEach(({ text, onDisk }, index) => {
        if (/[\r\n]/.test(text)) expect(onDisk, `stream ${seed}`).toBeGreaterThanOrEqual(asked[index]!)
      })
    }
  })

  test('T-7 Enter in a shared shell runs what is on the disk after materialising, whoever types in between', async () => {
    const released: (() => void)[] = []
    const whys: string[] = []
    const { page } = bind(
      await start({
        materialise: (why) => {
          whys.push(why)
          return new Promise((resolve) => released.push(resolve))
        },
      }),
    )
    const ada = await page('ada')
    const grace = await page('grace')
    const terminal = await ada.openAndAttach()
    await grace.attach(terminal)

    ada.type(terminal, 'echo one-$((1+1))')
    await eventually(() => ada.shown(terminal).includes('echo one-'))
    ada.type(terminal, '\r')
    await eventually(() => released.length === 1)
    grace.type(terminal, 'echo two-$((2+2))')
    await turn()
    expect(ada.shown(terminal)).not.toMatch(/one-2|two/)
    released[0]?.()
    await eventually(() => /one-2[^]*echo two-/.test(ada.shown(terminal)))

    expect(whys).toEqual(['enter'])
    expect(ada.shown(terminal)).not.toContain('two-4')
  })

  test('T-7 when documents cannot be written, Enter is given back in words and what follows still arrives', async () => {
    let broken = true
    const { page } = bind(
      await start({ materialise: () => (broken ? Promise.reject(new Error('disk')) : Promise.resolve()) }),
    )
    const ada = await page('ada')
    const terminal = await ada.openAndAttach()

    ada.type(terminal, 'echo ran-$((1+1))')
    ada.type(terminal, '\r')
    await eventually(() => ada.refused.length === 1)
    expect(ada.shown(terminal)).not.toContain('ran-2')
    broken = false
    ada.type(terminal, '\r')
    await eventually(() => ada.shown(terminal).includes('ran-2'))

    expect(ada.refused[0]?.error.code).toBe('internal')
  })
})

describe('the Run button', () => {
  test('T-10 is one for everybody: two who press at once start it once, all see it run, stop and end', async () => {
    const whys: string[] = []
    const { page } = bind(
      await start({ run: 'echo go; sleep 60', materialise: async (why) => void whys.push(why) }),
    )
    const [ada, grace, joan] = [await page('ada'), await page('grace'), await page('joan', 'viewer')]
    const latest = () => [ada, grace, joan].map((each) => each.runStates.at(-1))

    const [one, two] = await Promise.all([
      ada.ask<{ terminal: number }>('run', {}),
      grace.ask<{ terminal: number }>('run', {}),
    ])
    await eventually(() => latest().every((state) => state?.phase === 'running'))
    const terminal = one.ok ? one.terminal : 0
    await joan.attach(terminal)
    await eventually(() => joan.shown(terminal).includes('go'))
    const late = await page('joan', 'viewer')
    expect(late.runStates.at(-1)).toMatchObject({ phase: 'running', terminal, command: 'echo go; sleep 60' })
    await grace.ask('stop')
    await eventually(() => latest().every((state) => state?.phase === 'idle'))

    expect(one).toEqual(two)
    expect(whys).toEqual(['run'])
    expect(ada.runStates.at(-1)).toMatchObject({ phase: 'idle', lastExit: 130 })
    expect(ada.list).toMatchObject([{ id: terminal, name: 'Run', exit: { signal: 'SIGINT' } }])
  })

  test('T-10 the next run takes the place of the last, which stays readable until then', async () => {
    const { page } = bind(await start({ run: 'echo result-$((1+1)); exit 4' }))
    const ada = await page('ada')
    const run = async () => {
      const answer = await ada.ask<{ terminal: number }>('run', { cols: 100, rows: 30 })
      if (!answer.ok) throw new Error(answer.error.say)
      await eventually(() => ada.runStates.at(-1)?.phase === 'idle' && ada.list?.[0]?.exit)
      return answer.terminal
    }

    const first = await run()
    await ada.attach(first)
    await eventually(() => ada.shown(first).includes('result-2') && ada.of(first).exit)
    const second = await run()

    expect(ada.runStates.at(-1)).toMatchObject({ lastExit: 4 })
    await eventually(() => ada.list?.map(({ id }) => id).join() === String(second))
    const nothing = await ada.ask('stop')
    expect(!nothing.ok && nothing.error.code).toBe('not-running')
  })

  test('T-10 a program that ignores ^C is ended harder', async () => {
    const { page } = bind(await start({ run: `trap '' INT; echo deaf; while :; do sleep 1; done` }))
    const ada = await page('ada')
    const answer = await ada.ask<{ terminal: number }>('run', {})
    const terminal = answer.ok ? answer.terminal : 0
    await ada.attach(terminal)
    await eventually(() => ada.shown(terminal).includes('deaf'))

    await ada.ask('stop')

    await eventually(() => ada.runStates.at(-1)?.phase === 'idle')
    expect(ada.runStates.at(-1)).toMatchObject({ lastExit: 143 })
  })
})

describe('a runner that restarts', () => {
  test('T-9 finds its shells with their screens, names and running program, and goes on typing', async () => {
    const { page, stage } = bind(await start({ run: 'sleep 60' }))
    const ada = await page('ada')
    const terminal = await ada.open({ cols: 90, rows: 25 }, 'mine')
    await ada.attach(terminal, { cols: 90, rows: 25 })
    ada.type(terminal, 'KEPT=ab; echo before-$KEPT; seq 200\r')
    await eventually(() => ada.shown(terminal).includes('200'))
    await ada.ask('run', {})
    await stage.stopRunner()

    await stage.startRunner()
    const again = await page('ada')
    await eventually(() => again.list?.length === 2)
    await again.attach(terminal, { cols: 90, rows: 25 })
    await eventually(() => again.shown(terminal).includes('before-ab'))
    again.type(terminal, 'echo after-$KEPT\r')
    await eventually(() => again.shown(terminal).includes('after-ab'))

    expect(again.list).toMatchObject([{ id: terminal, name: 'mine', cols: 90, rows: 25 }, { name: 'Run' }])
    expect(again.runStates.at(-1)?.phase).toBe('running')
  })

  test('T-9 output that came while no runner was there is not lost', async () => {
    const { page, stage } = bind(await start({}))
    const ada = await page('ada')
    const terminal = await ada.openAndAttach()
    ada.type(terminal, `sleep 0.3; echo mea''nwhile\r`)
    await eventually(() => ada.shown(terminal).includes('sleep'))
    await stage.stopRunner()

    await stage.startRunner()
    const again = await page('ada')
    await again.attach(terminal)

    await eventually(() => again.shown(terminal).includes('meanwhile'))
  })

  test('the stop ends every program, then says so', async () => {
    const { page, stage } = bind(await start({ run: 'sleep 60' }))
    const ada = await page('ada')
    const terminal = await ada.openAndAttach()
    await ada.ask('run', {})

    await stage.terminals.endAll()

    await eventually(() => ada.of(terminal).exit && ada.list?.every(({ exit }) => exit))
    expect(ada.runStates.at(-1)?.phase).toBe('idle')
  })
})

function bind(of: Stage): { page: Stage['page']; stage: Stage } {
  return { page: of.page.bind(of), stage: of }
}
