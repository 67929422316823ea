// What pages say: phases, sessions, times, lists; and who is offered which button.
import { expect, test } from 'vitest'
import { levelWords } from '../../../app/ui/level-words.ts'
import { matching, orderRepls } from '../../../app/pages/repl-list.ts'
import { offersOf } from '../../../app/pages/offers.ts'
import { sessionWords } from '../../../app/pages/session-words.ts'
import { initials } from '../../../app/ui/avatar.tsx'
import { isMoving, isOpen, phaseWords, shownPhase } from '../../../app/ui/phase.ts'
import { clockWords, durationWords } from '../../../app/ui/time.tsx'
import { hereWords } from '../../../app/ide/people/where-words.ts'
import type { Present } from '../../../app/ide/people/presence.ts'
import { Level, Phase, type Repl } from '../../../protocol/repl.ts'

const repl = (change: Partial<Repl> = {}): Repl => ({
  id: 'a'.repeat(20),
  name: 'two-sum',
  template: 'python',
  role: 'owner',
  ownerName: 'Ada',
  phase: 'STOPPED',
  desired: 'stopped',
  generation: 1,
  reason: null,
  level: null,
  createdAt: 1,
  changedAt: 1,
  committedAt: null,
  ...change,
})

test('every phase has words of its own kind, and whole sentences for its page', () => {
  for (const phase of Phase.options) {
    expect(phaseWords(phase).say).toMatch(/^[A-Z][a-z ]+$/)
    const { title, say } = sessionWords(repl({ phase }))
    expect(title).toContain('two-sum')
    expect(say).toMatch(/\.$/)
  }
})

test('R-6 a failed start says why and can be tried again', () => {
  const words = sessionWords(
    repl({ phase: 'START_FAILED', desired: 'running', reason: 'The runner ended with code 1.' }),
  )
  expect(words.say).toContain('The runner ended with code 1.')
  expect(words.action).toEqual({ change: 'start', label: 'Retry' })
})

test('a failed flush says that the files are still there, and offers them and another try', () => {
  const words = sessionWords(repl({ phase: 'FLUSH_FAILED', reason: 'No space left.' }))
  expect(words.say).toBe(
    'No space left. The files are still here, where they ran, and stay until the backup holds them; it is tried again by itself.',
  )
  expect(words.action?.change).toBe('stop')
  expect(words.offersZip).toBe(true)
  expect(sessionWords(repl({ phase: 'FLUSHING' })).offersZip).toBe(false)
})

test('A-8 a viewer is offered no start and told whom to ask', () => {
  const words = sessionWords(repl({ role: 'viewer' }))
  expect(words.action).toBeNull()
  expect(words.say).toContain('You are a viewer: ask Ada to do it.')
  expect(sessionWords(repl({ role: 'editor' })).action?.change).toBe('start')
})

test('R-10 A-8 what is being deleted is said so in every phase, and only its owner is offered to bring it back', () => {
  for (const phase of Phase.options.filter((each) => each !== 'FLUSH_FAILED')) {
    const going = { phase, desired: 'deleted' } as const
    const owners = sessionWords(repl(going))
    expect(owners.title).toMatch(/^(Deleting two-sum|two-sum was deleted)$/)
    expect(owners.action).toEqual({ change: 'start', label: 'Bring it back and start it' })
    for (const role of ['editor', 'viewer'] as const) {
      const { title, say, action } = sessionWords(repl({ ...going, role }))
      expect([title, action]).toEqual([owners.title, null])
      expect(say).toMatch(/Only its owner, Ada, can do that\.$/)
    }
    expect(phaseWords(shownPhase(going)).say).toMatch(/^Delet(ing|ed)$/)
  }
  const held = sessionWords(repl({ phase: 'FLUSH_FAILED', desired: 'deleted', role: 'editor' }))
  expect([held.title, held.action?.change]).toEqual(['Deleting two-sum', 'stop'])
})

test('R-10 A-8 the list offers what a role may do now: of what is being deleted nothing but its return, to the owner', () => {
  const offered = (change: Partial<Repl>): string =>
    Object.entries(offersOf(repl(change)))
      .flatMap(([offer, is]) => (is ? [offer] : []))
      .join()
  const going = { phase: 'FLUSHING', desired: 'deleted' } as const

  expect(offered(going)).toBe('startAfter,rename')
  expect(offered({ ...going, role: 'editor' })).toBe('')
  expect(offered({ ...going, phase: 'RUNNING' })).toBe('rename')
  expect(offered({ ...going, phase: 'STOPPED', role: 'editor' })).toBe('')
  expect(offered({})).toBe('start,rename,delete')
  expect(offered({ role: 'editor' })).toBe('start')
  expect(offered({ phase: 'RUNNING', desired: 'running', role: 'editor' })).toBe('stop')
  expect(offered({ phase: 'QUIESCING', role: 'editor' })).toBe('startAfter')
  expect(offered({ phase: 'START_FAILED', desired: 'running', role: 'editor' })).toBe('start')
  expect(offered({ role: 'viewer' })).toBe('')
})

test('a start asked for during a stop is told to follow by itself', () => {
  expect(sessionWords(repl({ phase: 'FLUSHING', desired: 'running' })).say).toContain(
    'starts again by itself',
  )
  expect(sessionWords(repl({ phase: 'FLUSHING' })).action?.label).toBe('Start again afterwards')
})

test('pages look closely while a phase moves and only then', () => {
  const moving = (change: Partial<Repl>): boolean => isMoving(repl(change))
  expect(moving({ phase: 'STARTING', desired: 'running' })).toBe(true)
  expect(moving({ phase: 'STOPPED', desired: 'running' })).toBe(true)
  expect(moving({ phase: 'RUNNING', desired: 'stopped' })).toBe(true)
  expect(moving({ phase: 'FLUSH_FAILED' })).toBe(true)
  expect(moving({ phase: 'RUNNING', desired: 'running' })).toBe(false)
  expect(moving({ phase: 'START_FAILED', desired: 'running' })).toBe(false)
  expect(moving({})).toBe(false)
  expect(Phase.options.filter(isOpen)).toEqual(['RUNNING', 'DEGRADED'])
})

test('each level of isolation is told, the weakest with its warning', () => {
  for (const level of Level.options) expect(levelWords(level).say).toMatch(/\.$/)
  expect(levelWords('process').say).toContain('Invite only people you trust')
})

test('the list is newest first and stays so when a repl changes; search ignores case and accents', () => {
  const repls = [
    repl({ name: 'old', createdAt: 1, changedAt: 99 }),
    repl({ name: 'Été', createdAt: 2 }),
    repl({ name: 'gone', phase: 'DELETED' }),
  ]
  expect(orderRepls(repls).map(({ name }) => name)).toEqual(['Été', 'old'])
  expect(matching(repls, 'ete').map(({ name }) => name)).toEqual(['Été'])
  expect(matching(repls, 'ada OLD').map(({ name }) => name)).toEqual(['old'])
  expect(matching(repls, '')).toHaveLength(3)
})

test('times are clock times', () => {
  const now = new Date(2026, 5, 15, 14, 30).getTime()
  const at = (...parts: [number, number, number, number, number]): string =>
    clockWords(new Date(...parts).getTime(), now)
  expect(at(2026, 5, 15, 9, 5)).toBe('09:05')
  expect(at(2026, 5, 14, 23, 59)).toBe('yesterday 23:59')
  expect(at(2026, 0, 2, 0, 0)).toBe('2 Jan')
  expect(at(2025, 11, 31, 0, 0)).toBe('31 Dec 2025')
  expect([durationWords(-5), durationWords(340), durationWords(12_900), durationWords(125_000)]).toEqual([
    '0.0 s',
    '0.3 s',
    '12 s',
    '2 min 5 s',
  ])
})

test('initials take whole characters', () => {
  expect([initials('Ada Lovelace'), initials('grace'), initials('  '), initials('😀 Z')]).toEqual([
    'AL',
    'G',
    '?',
    '😀Z',
  ])
})

test('who is here is said in as few sentences as there are places', () => {
  const at = (name: string, file?: string, terminals: number[] = []): Present => ({
    user: { id: name, name, role: 'editor', colorIndex: 0 },
    isMe: name === 'Me',
    files: file === undefined ? [] : [file],
    terminals,
  })
  const shell = { id: 1, name: 'Terminal 1' } as Parameters<typeof hereWords>[1] extends (infer T)[] | null
    ? T
    : never
  expect(hereWords([at('Me', 'a.py')], [])).toBe('Nobody else is here.')
  expect(
    hereWords(
      [at('Me'), at('Ada', 'src/main.py'), at('Grace', 'src/main.py'), at('Joan', undefined, [1])],
      [shell],
    ),
  ).toBe('Ada and Grace are in main.py. Joan is in Terminal 1.')
  const many = ['Ada', 'Grace', 'Joan'].map((name) => at(name, 'main.py'))
  expect(hereWords([...many, at('Mary')], null)).toBe('Ada and 2 others are in main.py. Mary is here.')
  // Files of one name are not one place, also when one of them is the reader's own.
  expect(hereWords([at('Ada', 'src/main.py'), at('Grace', 'lib/main.py'), at('Joan', 'a.py')], [])).toBe(
    'Ada is in src/main.py. Grace is in lib/main.py. Joan is in a.py.',
  )
  expect(hereWords([at('Me', 'main.py'), at('Ada', 'src/main.py')], [])).toBe('Ada is in src/main.py.')
  const twins = [shell, { ...shell, id: 2 }]
  expect(hereWords([at('Ada', undefined, [1]), at('Grace', undefined, [2])], twins)).toBe(
    'Ada is in Terminal 1. Grace is in Terminal 1.',
  )
})
