// The steps a person sees are those that were told, in order, of the newest run alone.
import { expect, test } from 'vitest'
import { advance, runningSay, showsRun, totalMs, type Run } from '../../../app/pages/steps.ts'
import type { ProgressEvent, Step } from '../../../protocol/repl.ts'

type Told = [step: Step, state: ProgressEvent['state'], at: number, generation?: number]

function runOf(told: Told[]): Run {
  let run: Run | null = null
  told.forEach(([step, state, at, generation = 1], index) => {
    run = advance(run, { id: index + 1, at, generation, step, state, say: `${step} ${state}` })
  })
  return run!
}

const seen = (run: Run): string[] => run.steps.map(({ step, state }) => `${step} ${state}`)

test('R-5 only steps that were told are shown, in the order of a start', () => {
  const run = runOf([
    ['reserve', 'begun', 0],
    ['reserve', 'done', 100],
    ['place', 'begun', 120],
  ])
  expect(seen(run)).toEqual(['reserve done', 'place begun'])
  expect(run.steps[0]!.ms).toBe(100)
  expect(run.steps[1]).toMatchObject({ since: 120, ms: null })
})

test('a new generation begins a new list, and so does the way down', () => {
  const again = runOf([
    ['reserve', 'done', 0, 1],
    ['boot', 'failed', 10, 1],
    ['reserve', 'begun', 20, 2],
  ])
  expect(seen(again)).toEqual(['reserve begun'])
  const down = runOf([
    ['ready', 'done', 0],
    ['quiesce', 'begun', 50],
  ])
  expect(down.kind).toBe('stop')
  expect(seen(down)).toEqual(['quiesce begun'])
})

test('a flush that is tried again takes its failure and what followed back', () => {
  const run = runOf([
    ['quiesce', 'done', 0],
    ['flush', 'begun', 10],
    ['flush', 'done', 20],
    ['verify', 'begun', 20],
    ['verify', 'failed', 30],
    ['flush', 'begun', 40],
  ])
  expect(seen(run)).toEqual(['quiesce done', 'flush begun'])
})

test('two steps at once are both shown', () => {
  const run = runOf([
    ['boot', 'begun', 0],
    ['join', 'begun', 5],
    ['boot', 'done', 9],
  ])
  expect(seen(run)).toEqual(['boot done', 'join begun'])
})

test('the whole time runs from the first begin to the last end', () => {
  expect(
    totalMs(
      runOf([
        ['reserve', 'begun', 1000],
        ['reserve', 'done', 1500],
        ['boot', 'begun', 1500],
        ['boot', 'done', 4400],
      ]),
    ),
  ).toBe(3400)
})

test('a step that never ended is not told of a session that goes the other way', () => {
  const run = runOf([
    ['reserve', 'begun', 0],
    ['ready', 'done', 50],
  ])
  expect(runningSay(run, 'STARTING')).toBe('reserve begun')
  expect(runningSay(run, 'QUIESCING')).toBeUndefined()
  expect(runningSay(run, 'RUNNING')).toBeUndefined()
  expect(runningSay(null, 'STARTING')).toBeUndefined()
  expect(showsRun({ phase: 'QUIESCING', desired: 'stopped' }, run)).toBe(false)
  expect(showsRun({ phase: 'START_FAILED', desired: 'running' }, run)).toBe(true)
  expect(showsRun({ phase: 'STOPPED', desired: 'stopped' }, run)).toBe(false)
})
