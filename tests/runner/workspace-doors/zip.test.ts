// A folder through the files door as a zip: what is in it, and what is refused.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { expect, test } from 'vitest'
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
