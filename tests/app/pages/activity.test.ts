// What happened in a repl, in words: every kind of line, whom it calls "you", which lines say nothing new, and pages put together.
import { expect, test } from 'vitest'
import { auditWords, joined, worthALine } from '../../../app/ide/share/audit-words.ts'
import type { AuditEntry } from '../../../protocol/audit.ts'

const ada = { id: 'a', name: 'Ada' } as AuditEntry['who']
const grace = { id: 'g', name: 'Grace' } as AuditEntry['who']
type Told = AuditEntry extends infer E ? (E extends AuditEntry ? Omit<E, 'id' | 'at'> : never) : never
let lines = 0
const entry = (told: Told): AuditEntry => ({ ...told, id: (lines += 100), at: 1 }) as AuditEntry

test('A-13 every kind of line is a sentence with names, and the reader is You', () => {
  const said = (told: Told, me = ''): string => auditWords(entry(told), me)
  expect([
    said({ what: 'invite-made', who: ada, role: 'viewer', most: null }),
    said({ what: 'invite-made', who: ada, role: 'editor', most: 5 }),
    said({ what: 'invite-revoked', who: ada }),
    said({ what: 'invite-used', who: grace }),
    said({ what: 'member-joined', who: grace, role: 'editor' }),
    said({ what: 'role-changed', who: ada, member: grace, from: 'viewer', to: 'editor' }),
    said({ what: 'role-changed', who: grace, member: grace, from: 'viewer', to: 'editor' }),
    said({ what: 'member-removed', who: ada, member: grace, from: 'editor' }),
    said({ what: 'member-removed', who: grace, member: grace, from: 'editor' }),
    said({ what: 'preview-shown', who: ada, port: 3000, from: 'members', to: 'public' }),
  ]).toEqual([
    'Ada made a link for a viewer',
    'Ada made a link for an editor, good for 5 people',
    'Ada took an invite link back',
    'Grace opened an invite link',
    'Grace joined as an editor',
    'Ada made Grace an editor',
    'Grace became an editor by an invite link',
    'Ada removed Grace',
    'Grace left',
    'Ada changed who sees port 3000: everybody with its address sees it',
  ])
  const change = { what: 'role-changed', who: ada, member: grace, from: 'viewer', to: 'editor' } as const
  expect([said(change, 'a'), said(change, 'g')]).toEqual([
    'You made Grace an editor',
    'Ada made you an editor',
  ])
})

test('A-13 that a link was opened is left out where joining says it already', () => {
  const made = entry({ what: 'invite-made', who: ada, role: 'viewer', most: null })
  const used = entry({ what: 'invite-used', who: grace })
  const came = entry({ what: 'member-joined', who: grace, role: 'viewer' })
  const again = entry({ what: 'invite-used', who: grace })
  const other = entry({ what: 'member-joined', who: ada, role: 'viewer' })
  expect(worthALine([other, again, came, used, made])).toEqual([other, again, came, made])

  const alsoUsed = entry({ what: 'invite-used', who: ada })
  expect(worthALine([other, came, alsoUsed, used])).toEqual([other, came])
  const roseAnother = entry({ what: 'role-changed', who: ada, member: grace, from: 'viewer', to: 'editor' })
  expect(worthALine([roseAnother, alsoUsed])).toEqual([roseAnother, alsoUsed])
})

test('A-13 a look puts what is new before what was read, without a gap and without a double', () => {
  const [one, two, three, four] = ['a', 'b', 'c', 'd'].map(() => entry({ what: 'invite-used', who: grace }))
  const page = (...entries: (AuditEntry | undefined)[]): AuditEntry[] => entries.flatMap((each) => each ?? [])
  const known = { entries: page(three, two, one), earlier: 7 }
  expect(joined({ entries: page(four, three), earlier: three!.id }, known)).toEqual({
    entries: page(four, three, two, one),
    earlier: 7,
  })
  expect(joined({ entries: page(three, two, one), earlier: null }, null).earlier).toBeNull()
  // So much happened meanwhile that what was read before does not follow on.
  const far = { entries: page(four), earlier: four!.id }
  expect(joined(far, { entries: page(two, one), earlier: null })).toEqual(far)
  expect(joined({ entries: [], earlier: null }, known)).toEqual({ entries: [], earlier: null })
})

test('A-13 what was read of earlier stays, and goes on from there, where the newest part of the log says nothing of this repl', () => {
  const [old, lately] = ['a', 'b'].map(() => entry({ what: 'invite-used', who: grace }))
  const quiet = { entries: [], earlier: 9_000 }
  expect(joined(quiet, null)).toEqual(quiet)
  // Each time "Show earlier" reads one part more; the look after it and the next ones find the newest part as before.
  for (const known of [
    { entries: [], earlier: 5_000 },
    { entries: [old!], earlier: 1_000 },
    { entries: [old!], earlier: null },
    { entries: [], earlier: null },
  ])
    expect(joined(quiet, known)).toEqual(known)
  // The newest part has a line, those before it have none: it goes on behind what was read.
  const one = { entries: [lately!], earlier: 9_000 }
  expect(joined(one, { entries: [lately!], earlier: 5_000 })).toEqual({ entries: [lately], earlier: 5_000 })
  expect(joined(one, { entries: [lately!], earlier: null }).earlier).toBeNull()
})
