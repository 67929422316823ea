// The one decision, as a table: every phase, what is wanted, what is seen, and what follows.
import { describe, expect, test } from 'vitest'
import { Desired, Phase } from '../../protocol/repl.ts'
import { failed, succeeded } from '../../orchestrator/advance.ts'
import { type Action, type Observed, decide, tombstoneMs } from '../../orchestrator/decide.ts'
import { type ReplRecord, newRecord } from '../../orchestrator/record.ts'
import { aPersonId, aReplId } from '../support/keys.ts'

const now = 1_000_000
const manifest = { key: 'v1/repls/x/manifests/1-1-0', sha256: 'a'.repeat(64), files: 3, bytes: 30 }

const base: ReplRecord = newRecord({
  id: aReplId(),
  name: 'two sum',
  template: 'node',
  owner: aPersonId(),
  now: 1,
})
const record = (change: Partial<ReplRecord>): ReplRecord => ({ ...base, ...change })

const well: Observed = {
  workspace: true,
  state: true,
  runner: true,
  box: true,
  health: { linkReady: true, boxReady: true, seq: 7 },
}
const nothing: Observed = { workspace: false, state: false, runner: false, box: false, health: null }
const foldersOnly: Observed = { ...nothing, workspace: true, state: true }

/** An action list in short: effects by name, moves as the phase (and step) they lead to. */
function short(actions: Action[]): string {
  return actions
    .map((action) => {
      if (action.do !== 'move') return action.do
      return `→${action.to.phase ?? ''}${action.to.step === undefined ? '' : `(${action.to.step})`}`
    })
    .join(' ')
}

type Line = [string, Partial<ReplRecord>, Observed, string]

const table: Line[] = [
  ['a new repl rests', { phase: 'CREATED' }, nothing, ''],
  ['a start begins with a place', { phase: 'CREATED', desired: 'running' }, nothing, '→STARTING(reserve)'],
  ['a stopped repl rests', { phase: 'STOPPED' }, nothing, ''],
  ['a stopped repl starts', { phase: 'STOPPED', desired: 'running' }, nothing, '→STARTING(reserve)'],
  ['a stopped repl is deleted', { phase: 'STOPPED', desired: 'deleted' }, nothing, '→DELETING'],

  ['reserve', { phase: 'STARTING', desired: 'running', step: 'reserve' }, nothing, 'reserve'],
  ['place', { phase: 'STARTING', desired: 'running', step: 'place' }, nothing, 'place'],
  ['restore', { phase: 'STARTING', desired: 'running', step: 'restore' }, nothing, 'restore'],
  [
    'restore replaces folders that hold only a copy',
    { phase: 'STARTING', desired: 'running', step: 'restore' },
    foldersOnly,
    'restore',
  ],
  [
    'unflushed folders are started from',
    { phase: 'STARTING', desired: 'running', step: 'restore', unflushed: true },
    foldersOnly,
    '→(boot)',
  ],
  [
    'unflushed folders that are gone are restored',
    { phase: 'STARTING', desired: 'running', step: 'restore', unflushed: true },
    nothing,
    'set-aside restore',
  ],
  ['boot', { phase: 'STARTING', desired: 'running', step: 'boot', unflushed: true }, foldersOnly, 'boot'],
  ['join', { phase: 'STARTING', desired: 'running', step: 'join', unflushed: true }, well, 'join'],
  [
    'a runner that died before it joined is booted again',
    { phase: 'STARTING', desired: 'running', step: 'join', unflushed: true },
    foldersOnly,
    'boot join',
  ],
  [
    'a start called off early is released',
    { phase: 'STARTING', desired: 'stopped', step: 'restore' },
    nothing,
    '→RELEASING(null)',
  ],
  [
    'a start called off late is flushed',
    { phase: 'STARTING', desired: 'stopped', step: 'join', unflushed: true },
    well,
    '→QUIESCING',
  ],

  [
    'a failed start waits for the next press',
    { phase: 'START_FAILED', desired: 'running', asks: 1, answered: 1 },
    nothing,
    '',
  ],
  [
    'a failed start is started again',
    { phase: 'START_FAILED', desired: 'running', asks: 2, answered: 1 },
    nothing,
    '→STARTING(reserve)',
  ],
  [
    'a failed start leaves nothing running',
    { phase: 'START_FAILED', desired: 'running', asks: 1, answered: 1 },
    well,
    'end',
  ],
  [
    'a failed start whose box alone is left ends it',
    { phase: 'START_FAILED', desired: 'running', asks: 1, answered: 1 },
    { ...well, runner: false, health: null },
    'end',
  ],
  [
    'what could not be ended is left alone for a while',
    { phase: 'START_FAILED', desired: 'running', asks: 1, answered: 1, deadline: now + 1 },
    well,
    '',
  ],
  ['a failed start is stopped', { phase: 'START_FAILED', desired: 'stopped' }, nothing, '→RELEASING(null)'],
  [
    'a failed start with work in it is flushed',
    { phase: 'START_FAILED', desired: 'stopped', unflushed: true },
    foldersOnly,
    '→QUIESCING',
  ],

  ['a session that is well is left alone', { phase: 'RUNNING', desired: 'running' }, well, ''],
  [
    'a dead runner is noticed',
    { phase: 'RUNNING', desired: 'running' },
    { ...well, runner: false, health: null },
    '→DEGRADED',
  ],
  ['a dead box is noticed', { phase: 'RUNNING', desired: 'running' }, { ...well, box: false }, '→DEGRADED'],
  [
    'a silent runner is noticed',
    { phase: 'RUNNING', desired: 'running' },
    { ...well, health: null },
    '→DEGRADED',
  ],
  [
    'a box that gives no sign of life is noticed',
    { phase: 'RUNNING', desired: 'running' },
    { ...well, health: { linkReady: true, boxReady: false, seq: 7 } },
    '→DEGRADED',
  ],
  [
    'one that stays so is ended and started again',
    {
      phase: 'DEGRADED',
      desired: 'running',
      reason:
        'Terminals are being connected again. If that lasts a minute, the session is started again and programs in terminals are ended.',
      deadline: 0,
    },
    { ...well, health: { linkReady: true, boxReady: false, seq: 7 } },
    '→DEGRADED end boot',
  ],
  [
    'why it was started again stays to be read while the new one is not ready',
    {
      phase: 'DEGRADED',
      desired: 'running',
      reason: 'The programs of this session ended unexpectedly. New terminals are being made ready.',
      deadline: now + 1,
    },
    { ...well, health: { linkReady: true, boxReady: false, seq: 7 } },
    '',
  ],
  [
    'one that is not ready for long is ended and started again',
    {
      phase: 'DEGRADED',
      desired: 'running',
      reason: 'The programs of this session ended unexpectedly. New terminals are being made ready.',
      deadline: 0,
    },
    { ...well, health: { linkReady: true, boxReady: false, seq: 7 } },
    '→DEGRADED end boot',
  ],
  [
    'one that dies again is noticed',
    {
      phase: 'DEGRADED',
      desired: 'running',
      reason: 'The programs of this session ended unexpectedly. New terminals are being made ready.',
      deadline: now + 1,
    },
    { ...well, box: false },
    '→DEGRADED',
  ],
  [
    'a lost link is noticed',
    { phase: 'RUNNING', desired: 'running' },
    { ...well, health: { linkReady: false, boxReady: true, seq: 7 } },
    '→DEGRADED',
  ],
  [
    'a session whose folders are gone goes back to its backup',
    { phase: 'RUNNING', desired: 'running' },
    { ...well, state: false },
    '→RECOVERING',
  ],
  ['a running session stops', { phase: 'RUNNING', desired: 'stopped' }, well, '→QUIESCING'],
  [
    'a running session is stopped before it is deleted',
    { phase: 'RUNNING', desired: 'deleted' },
    well,
    '→QUIESCING',
  ],
  [
    'a degraded session that is well again runs',
    { phase: 'DEGRADED', desired: 'running', reason: 'x' },
    well,
    '→RUNNING',
  ],
  ['a degraded session stops', { phase: 'DEGRADED', desired: 'stopped' }, foldersOnly, '→QUIESCING'],
  [
    'recovering begins the next generation',
    { phase: 'RECOVERING', desired: 'running', unflushed: true },
    nothing,
    'set-aside →STARTING(reserve)',
  ],

  ['quiesce', { phase: 'QUIESCING', desired: 'stopped', unflushed: true }, well, 'quiesce'],
  [
    'a dead runner cannot be quiesced',
    { phase: 'QUIESCING', desired: 'stopped', unflushed: true },
    foldersOnly,
    '→FLUSHING',
  ],
  [
    'a box that did not end its programs when asked is ended, and the runner then asked again',
    { phase: 'QUIESCING', desired: 'stopped', unflushed: true, attempts: 1 },
    well,
    'end-box quiesce',
  ],
  [
    'quiesce is not asked for ever',
    { phase: 'QUIESCING', desired: 'stopped', unflushed: true, attempts: 3 },
    well,
    '→FLUSHING',
  ],
  [
    'a start pressed while stopping waits for the flush',
    { phase: 'QUIESCING', desired: 'running', unflushed: true },
    well,
    'quiesce',
  ],
  ['flush', { phase: 'FLUSHING', desired: 'stopped', unflushed: true, quiesced: true }, well, 'flush'],
  [
    'what was not quiesced is ended before it is flushed',
    { phase: 'FLUSHING', desired: 'stopped', unflushed: true },
    well,
    'end flush',
  ],
  [
    'what a box that died may have left running is ended before it is flushed',
    { phase: 'FLUSHING', desired: 'stopped', unflushed: true, quiesced: true },
    { ...well, box: false },
    'end flush',
  ],
  [
    'folders that are gone are never flushed',
    { phase: 'FLUSHING', desired: 'stopped', unflushed: true, quiesced: true },
    { ...well, workspace: false },
    'set-aside →RELEASING',
  ],
  ['verify', { phase: 'VERIFYING', desired: 'stopped', unflushed: true, flushed: manifest }, well, 'verify'],
  [
    'nothing to verify is flushed again',
    { phase: 'VERIFYING', desired: 'stopped', unflushed: true },
    well,
    '→FLUSHING',
  ],
  [
    'a failed flush waits',
    { phase: 'FLUSH_FAILED', desired: 'stopped', unflushed: true, deadline: now + 1 },
    well,
    '',
  ],
  [
    'a failed flush is tried again',
    { phase: 'FLUSH_FAILED', desired: 'stopped', unflushed: true, deadline: now },
    well,
    '→FLUSHING',
  ],
  [
    'a failed flush for a deletion is tried again too',
    { phase: 'FLUSH_FAILED', desired: 'deleted', unflushed: true, deadline: now },
    well,
    '→FLUSHING',
  ],
  [
    'a session whose flush failed is taken up again',
    { phase: 'FLUSH_FAILED', desired: 'running', asks: 2, answered: 1, unflushed: true, deadline: now + 1 },
    well,
    'resume',
  ],
  [
    'a dead session whose flush failed is started from its folders',
    { phase: 'FLUSH_FAILED', desired: 'running', asks: 2, answered: 1, unflushed: true, deadline: now + 1 },
    foldersOnly,
    '→STARTING(reserve)',
  ],
  ['release', { phase: 'RELEASING', desired: 'stopped' }, well, 'release'],
  [
    'unflushed work is never released',
    { phase: 'RELEASING', desired: 'stopped', unflushed: true },
    well,
    '→FLUSHING',
  ],

  ['deleting leaves a tombstone', { phase: 'DELETING', desired: 'deleted' }, nothing, '→DELETED'],
  ['a deletion is taken back', { phase: 'DELETING', desired: 'running' }, nothing, '→STOPPED'],
  ['a tombstone stays', { phase: 'DELETED', desired: 'deleted', deadline: now + 1 }, nothing, ''],
  ['a tombstone ends', { phase: 'DELETED', desired: 'deleted', deadline: now }, nothing, 'purge'],
  [
    'a tombstone is taken back',
    { phase: 'DELETED', desired: 'running', deadline: now + 1 },
    nothing,
    '→STOPPED',
  ],
]

describe('R-1 the decision is a table', () => {
  test.each(table)('%s', (_, change, observed, expected) => {
    expect(short(decide(record(change), observed, now))).toBe(expected)
  })

  test('every phase has a line', () => {
    const phases = new Set(table.map(([, change]) => change.phase))
    expect([...phases].sort()).toEqual([...Phase.options].sort())
  })
})

/** Every record and sight that a small world can make. */
function* everything(): Generator<{ record: ReplRecord; observed: Observed }> {
  for (const phase of Phase.options)
    for (const desired of Desired.options)
      for (const observed of [well, nothing, foldersOnly, { ...well, health: null }, { ...well, box: false }])
        for (const unflushed of [true, false])
          for (const flushed of [null, manifest])
            for (const deadline of [null, now - 1, now + 1])
              for (const step of ['reserve', 'place', 'restore', 'boot', 'join'] as const)
                yield { record: record({ phase, desired, unflushed, flushed, deadline, step }), observed }
}

test('R-1 the same arguments give the same actions, and are not altered', () => {
  for (const { record, observed } of everything()) {
    const before = structuredClone({ record, observed })
    const first = decide(record, observed, now)
    expect(decide(structuredClone(record), structuredClone(observed), now)).toEqual(first)
    expect({ record, observed }).toEqual(before)
  }
})

test('R-2 in every phase each wish is taken, and no decision changes what is wanted', () => {
  for (const { record, observed } of everything())
    for (const action of decide(record, observed, now))
      if (action.do === 'move') expect(action.to).not.toHaveProperty('desired')
})

test('R-7 no decision releases or purges what is unflushed, and no flush is made of folders that are gone', () => {
  for (const { record, observed } of everything()) {
    const does = decide(record, observed, now).map((action) => action.do)
    if (record.unflushed) expect(does).not.toContain('release')
    if (record.unflushed && record.phase !== 'DELETED') expect(does).not.toContain('purge')
    if (!observed.workspace || !observed.state) expect(does).not.toContain('flush')
  }
})

test('R-2 whatever was begun, a wish comes true when every action succeeds', () => {
  const ends = { running: 'RUNNING', stopped: 'STOPPED', deleted: 'DELETED' } as const
  for (const phase of Phase.options)
    for (const desired of Desired.options) {
      const unflushed = [
        'RUNNING',
        'DEGRADED',
        'QUIESCING',
        'FLUSHING',
        'VERIFYING',
        'FLUSH_FAILED',
      ].includes(phase)
      const begun = record({
        phase,
        desired,
        unflushed,
        asks: 1,
        step: phase === 'STARTING' ? 'reserve' : null,
      })
      const ended = follow(begun)
      const rests = ['CREATED', 'DELETED'].includes(phase) && desired === 'stopped'
      expect([phase, desired, ended.phase]).toEqual([
        phase,
        desired,
        phase === 'CREATED' && rests ? 'CREATED' : ends[desired],
      ])
    }
})

/** Lives through decisions whose actions all succeed, in a world that answers as it should. */
function follow(begun: ReplRecord): ReplRecord {
  let at = begun
  let seen: Observed = at.unflushed ? well : nothing
  for (let looks = 0; looks < 40; looks++) {
    const actions = decide(at, seen, now)
    if (actions.length === 0) return at
    for (const action of actions) {
      if (action.do === 'move') at = { ...at, ...action.to }
      else {
        if (action.do === 'restore') seen = foldersOnly
        if (action.do === 'boot') seen = well
        if (action.do === 'release' || action.do === 'set-aside') seen = nothing
        if (action.do === 'flush') at = { ...at, flushed: manifest }
        at = { ...at, ...succeeded(at, action, now) }
      }
    }
  }
  return at
}

describe('failures', () => {
  test('R-6 a failed start keeps the step and the reason, and a press of start begins again', () => {
    const starting = record({ phase: 'STARTING', desired: 'running', step: 'restore', asks: 1, answered: 1 })

    const after = { ...starting, ...failed(starting, 'The disk is full.', now) }

    expect(after).toMatchObject({ phase: 'START_FAILED', step: 'restore', reason: 'The disk is full.' })
    expect(decide(after, nothing, now)).toEqual([])
    expect(follow({ ...after, asks: 2 }).phase).toBe('RUNNING')
  })

  test('R-7 a failed flush or verify is tried again later and later, for ever', () => {
    for (const phase of ['FLUSHING', 'VERIFYING'] as const) {
      let at = record({ phase, desired: 'stopped', unflushed: true, quiesced: true, flushed: manifest })
      const delays: number[] = []
      for (let n = 0; n < 12; n++) {
        at = { ...at, ...failed(at, 'The store is away.', now) }
        expect(at).toMatchObject({ phase: 'FLUSH_FAILED', unflushed: true, reason: 'The store is away.' })
        delays.push((at.deadline ?? 0) - now)
        expect(short(decide(at, well, at.deadline ?? 0))).toBe('→FLUSHING')
        at = { ...at, phase }
      }
      expect(delays.slice(0, 4)).toEqual([2000, 4000, 8000, 16_000])
      expect(delays.at(-1)).toBe(300_000)
    }
  })

  test('R-9 a session whose runner keeps dying is restarted after a growing delay; being well for a while forgives', () => {
    let at = record({ phase: 'RUNNING', desired: 'running', unflushed: true })
    const dead = { ...well, runner: false, health: null }
    const delays: number[] = []
    let time = now
    for (let n = 0; n < 9; n++) {
      at = apply(at, decide(at, dead, time))
      expect(at.phase).toBe('DEGRADED')
      delays.push((at.deadline ?? 0) - time)
      time = at.deadline ?? 0
      expect(short(decide(at, dead, time))).toBe('→DEGRADED boot')
      at = apply(at, decide(at, dead, time))
      at = apply(at, decide(at, well, time))
      expect(at.phase).toBe('RUNNING')
    }
    expect(delays).toEqual([0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])

    at = apply(at, decide(at, well, time + 60_000))
    expect(at).toMatchObject({ phase: 'RUNNING', attempts: 0 })
  })

  test('a runner that lives but does not answer is borne for a while, then ended and started again', () => {
    const silent = { ...well, health: null }
    let at = record({ phase: 'RUNNING', desired: 'running', unflushed: true })
    at = apply(at, decide(at, silent, now))

    expect(decide(at, silent, now + 59_000)).toEqual([])
    expect(short(decide(at, silent, now + 60_000))).toBe('→DEGRADED end boot')
  })

  test.each([
    ['the runner', { ...well, health: null }],
    ['the box', { ...well, health: { linkReady: true, boxReady: false, seq: 7 } }],
    ['the room', { ...well, health: { linkReady: false, boxReady: true, seq: 7 } }],
  ])(
    'R-9 while %s does not answer it is said that programs will be ended, and afterwards that they were',
    (_, silent) => {
      let at = record({ phase: 'RUNNING', desired: 'running', unflushed: true })
      at = apply(at, decide(at, silent, now))
      expect(at.reason).toContain(
        'lasts a minute, the session is started again and programs in terminals are ended',
      )

      const restarted = decide(at, silent, now + 60_000)
      expect(short(restarted)).toBe('→DEGRADED end boot')
      expect(apply(at, restarted).reason).toMatch(/programs in (them|terminals) were ended/)
    },
  )

  test.each([
    ['the runner alone', { ...well, runner: false }, /^The runner ended/],
    ['the box alone', { ...well, box: false }, /^The programs of this session ended/],
    ['both', { ...well, runner: false, box: false }, /^The runner and the programs of this session ended/],
  ])('R-9 when %s died, that is what is said, then and when it is started again', (_, seen, said) => {
    const begun = record({ phase: 'RUNNING', desired: 'running', unflushed: true })
    const told = apply(begun, decide(begun, seen, now))

    expect(told.reason).toMatch(said)
    expect(apply(told, decide(told, seen, now)).reason).toMatch(said)
  })

  test('R-10 a deletion can be taken back for seven days', () => {
    const at = apply(
      record({ phase: 'DELETING', desired: 'deleted' }),
      decide(record({ phase: 'DELETING', desired: 'deleted' }), nothing, now),
    )

    expect(at.deadline).toBe(now + tombstoneMs)
    expect(tombstoneMs).toBe(7 * 24 * 3600 * 1000)
    expect(follow({ ...at, desired: 'running', asks: 1 }).phase).toBe('RUNNING')
    expect(follow({ ...at, desired: 'stopped' }).phase).toBe('STOPPED')
  })
})

function apply(at: ReplRecord, actions: Action[]): ReplRecord {
  return actions.reduce((next, action) => (action.do === 'move' ? { ...next, ...action.to } : next), at)
}
