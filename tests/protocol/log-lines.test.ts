// Log lines and a file that takes some of them, in part or not at all.
import { expect, test } from 'vitest'
import { logLines } from '../../protocol/log-lines.ts'

test('W-9 a log that cannot be written costs its lines and nothing else; what can be written is whole lines again', () => {
  let room = 5
  let file = ''
  const put = (bytes: Uint8Array): number => {
    if (room === 0) throw new Error('ENOSPC')
    const taken = Math.min(room, bytes.length, 4)
    room -= taken
    file += new TextDecoder().decode(bytes.subarray(0, taken))
    return taken
  }
  const log = logLines(put)

  for (const line of ['torn line\n', 'lost\n', 'lost too\n']) log.write(line)
  room = 100
  for (const line of ['whole\n', 'and more\n']) log.write(line)

  expect(file).toBe('torn \nwhole\nand more\n')
})
