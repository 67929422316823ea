// A folder through the files door as a zip: what is in it, and what is refused.
import { randomBytes } from 'node:crypto'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { secret } from '../workspace/stage.ts'
import { openDoors } from './doors.ts'

test('W-1 W-11 a folder comes as a zip of all that is in it, with what is on the screens, and follows no link', async () => {
  const doors = await openDoors()
  const { root, outside } = doors
  mkdirSync(join(root, 'src', 'inner', 'empty'), { recursive: true })
  writeFileSync(join(root, 'src', 'a.txt'), 'a')
  writeFileSync(join(root, 'src', 'inner', 'ünï.bin'), Buffer.alloc(300_000, 7))
  writeFileSync(join(root, 'beside.txt'), 'not in it')
  symlinkSync(join(outside, 'secret.txt'), join(root, 'src', 'link.txt'))
  symlinkSync(outside, join(root, 'src', 'out'))
  doors.documents.beforeSettle = () => writeFileSync(join(root, 'src', 'typed.txt'), 'just now')

  const answer = await fetch(`${doors.url}/src?zip`)
  const files = unzipSync(new Uint8Array(await answer.arrayBuffer()))

  expect(Object.keys(files).sort()).toEqual([
    'src/',
    'src/a.txt',
    'src/inner/',
    'src/inner/empty/',
    'src/inner/ünï.bin',
    'src/typed.txt',
  ])
  expect(files['src/inner/ünï.bin']?.length).toBe(300_000)
  expect(Buffer.concat(Object.values(files)).toString('latin1')).not.toContain(secret)
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-disposition': `attachment; filename="src.zip"; filename*=UTF-8''src.zip`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': 'sandbox',
  })
})

test('W-1 a file, a missing folder and one behind a link that leads out are no zip', async () => {
  const doors = await openDoors()
  writeFileSync(join(doors.root, 'file.txt'), 'x')
  symlinkSync(doors.outside, join(doors.root, 'out'))

  const codes = []
  for (const path of ['file.txt', 'missing', 'out', '..%2Foutside'])
    codes.push(
      ((await (await fetch(`${doors.url}/${path}?zip`)).json()) as { error: { code: string } }).error.code,
    )

  expect(codes).toEqual(['bad-input', 'not-found', 'bad-path', 'bad-path'])
})

test('W-11 one person gets one zip at a time, and its places are free again when its asker has left', async () => {
  const doors = await openDoors()
  mkdirSync(join(doors.root, 'src'))
  writeFileSync(join(doors.root, 'src', 'big.bin'), randomBytes(32 * 1024 * 1024))
  const leaving = new AbortController()
  const unread = await fetch(`${doors.url}/src?zip`, { signal: leaving.signal })

  const second = await fetch(`${doors.url}/src?zip`)
  const { error } = (await second.json()) as { error: { code: string; say: string } }
  leaving.abort()
  const third = await eventually(async () => {
    const answer = await fetch(`${doors.url}/src?zip`)
    return answer.ok ? answer : void (await answer.arrayBuffer())
  })

  expect([unread.status, second.status, error.code]).toEqual([200, 429, 'too-many'])
  expect(error.say).toBe('You are downloading a folder already. Wait until it has come, or stop it.')
  await third.body?.cancel()
})
