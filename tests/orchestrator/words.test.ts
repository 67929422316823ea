// Sentences that people read of a backup.
import { expect, test } from 'vitest'
import { notKept } from '../../orchestrator/words.ts'

test('F-4 what a backup could not keep as it was is said, and nothing when it kept everything', () => {
  expect(notKept({ leftOut: 1, parted: 2 })).toBe(
    '. Pipes, sockets, devices and what is nested too deeply are not kept: 1 left out. Files with more than one name become files of their own: 2',
  )
  expect(notKept({ leftOut: 0, parted: 1 })).toBe(
    '. Files with more than one name become files of their own: 1',
  )
  expect(notKept(undefined)).toBe('')
})
