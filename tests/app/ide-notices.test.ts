// What panels say: words that no longer hold go, and a terminal's end is told as it was.
import { expect, test, vi } from 'vitest'
import { mustBeConnected } from '../../app/ide/link/live.ts'
import { createNotices } from '../../app/ide/notices.ts'
import { endWords } from '../../app/ide/terminal/end-words.ts'

test('when the connection is back, the notice that it was away goes and any other stays', async () => {
  const notices = createNotices()
  notices.attempt('terminal', async () => mustBeConnected(null))
  notices.say('files', 'main.py could not be deleted.')
  await vi.waitFor(() => expect(notices.shown.get().terminal).toMatch(/offline/))
  notices.cameBack()
  expect(notices.shown.get()).toEqual({ files: 'main.py could not be deleted.' })
})

test('a terminal that ended well, or whose box was taken away, has ended; any other ended with its code', () => {
  expect(endWords(null)).toBe(null)
  expect(endWords({ code: null, signal: null })).toBe('ended')
  expect(endWords({ code: 0, signal: null })).toBe('ended')
  expect(endWords({ code: 2, signal: null })).toBe('ended with 2')
  expect(endWords({ code: null, signal: 'SIGKILL' })).toBe('ended by SIGKILL')
})
