// Sentences that people read of a backup.
import { expect, test } from 'vitest'
import { AppError, asAppError } from '../../protocol/errors.ts'
import { failureWords, lastWords, notKept } from '../../orchestrator/words.ts'

test('F-4 what a backup could not keep as it was is said, and nothing when it kept everything', () => {
  expect(notKept({ leftOut: 1, parted: 2 })).toBe(
    '. Pipes, sockets, devices and what is nested too deeply are not kept: 1 left out. Files with more than one name become files of their own: 2',
  )
  expect(notKept({ leftOut: 0, parted: 1 })).toBe(
    '. Files with more than one name become files of their own: 1',
  )
  expect(notKept(undefined)).toBe('')
})

test('R-6 a step that failed unforeseen says which it was, what is safe and what to do; a foreseen failure keeps its own words', () => {
  const unforeseen = asAppError(new TypeError('x is undefined'))
  expect(failureWords({ do: 'flush' }, unforeseen, 'abc')).toBe(
    'Saving the files failed for a reason that DevEx does not know. The files are on the disk of this machine. It is tried again by itself; if it goes on, look for abc in the log of DevEx.',
  )
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' })
  const wrapped = asAppError(new Error('write', { cause: full }))
  expect(failureWords({ do: 'restore' }, wrapped, 'abc')).toBe(
    'Bringing the files failed: the disk is full. Free some space. The last backup is untouched. Try again.',
  )
  const foreseen = new AppError('too-many', { say: 'You already run 3. Stop one to start this.' })
  expect(failureWords({ do: 'reserve' }, foreseen, 'abc')).toBe('You already run 3. Stop one to start this.')
})

test('R-6 of a program that died the line is told that says why: its own log’s, the error of a stack, or what it wrote last', () => {
  const stack = [
    'node:fs:573',
    '  return binding.open(',
    '                 ^',
    '',
    "Error: EACCES: permission denied, open '/opt/box.code.cjs'",
    '    at Object.openSync (node:fs:573:18)',
    '    at file:///opt/box.js:12:3 {',
    '  errno: -13,',
    "  syscall: 'open'",
    '}',
    '',
    'Node.js v20.20.2',
  ]
  const crash = [
    '#',
    '# Fatal error in , line 0',
    '# unreachable code',
    '#',
    '#FailureMessage Object: 0x7ffd',
  ]
  const pretty = '{"level":60,"msg":"The port \\"x\\" is taken."}'

  expect(lastWords(stack)).toBe("Error: EACCES: permission denied, open '/opt/box.code.cjs'")
  expect(lastWords([...crash, '----- Native stack trace -----', ' 1: 0xd32b41  [node]'])).toBe(
    '# unreachable code',
  )
  expect(lastWords(['starting', pretty])).toBe('The port \\"x\\" is taken.')
  expect(lastWords(['bwrap: no such file'])).toBe('bwrap: no such file')
  expect([lastWords([]), lastWords(['Node.js v20.20.2'])]).toEqual(['', 'Node.js v20.20.2'])
})
