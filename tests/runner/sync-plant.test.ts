// The two ways of writing a tree: by the system's tar, exact; by node alone, where there is no such tar.
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hasExactTar, plantExactly } from '../../runner/sync/plant-exact.ts'
import { removeTree } from '../../runner/sync/remove.ts'
import { type Planter, plant } from '../../runner/sync/plant.ts'

let root: string
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'devex-plant-'))))
afterEach(() => removeTree(root))

const bytes = (text: string) => Buffer.from(text)
const at = (path: string, mode: number, mtimeNs: bigint) => ({ path: bytes(path), mode, mtimeNs })

const ways: [string, () => Planter, bigint][] = [
  ['the tar of the system', () => plantExactly(root), 1n],
  ['node alone', () => plant(Buffer.from(root)), 1000n],
]

describe.each(ways)('planted by %s', (_name, planter, unitNs) => {
  test('F-4 modes, times, links, long and odd names come out as they were given', async () => {
    const to = planter()
    const long = 'd'.repeat(120)
    const times = [0n, 1n, 1_700_000_000_123_456_789n, 1_700_000_000_999_999_999n, 4_000_000_000_000_000_001n]
    await to.folder(at(long, 0o555, 1_700_000_000_000_000_007n))
    for (const [index, time] of times.entries()) {
      await to.file({ ...at(`${long}/${index}`, 0o4751, time), size: 3 }, [bytes('a'), bytes('bc')])
    }
    await to.file({ ...at(`${long}/${'n'.repeat(100)}`, 0o600, 5n), size: 0 }, [])
    await to.file({ path: Buffer.from([0xff, 0x2d, 0x0a]), mode: 0o644, mtimeNs: 7000n, size: 512 }, [
      Buffer.alloc(512),
    ])
    await to.link(at('link', 0o777, 1_600_000_000_000_001_000n), bytes(`/${'t'.repeat(150)}`))
    await to.finish()

    const stat = (path: string | Buffer) =>
      lstatSync(Buffer.concat([bytes(`${root}/`), Buffer.from(path)]), { bigint: true })
    expect(times.map((_, index) => stat(`${long}/${index}`).mtimeNs / unitNs)).toEqual(
      times.map((time) => time / unitNs),
    )
    expect(times.map((_, index) => stat(`${long}/${index}`).mode & 0o7777n)).toEqual(times.map(() => 0o4751n))
    expect(readFileSync(join(root, long, '1'), 'utf8')).toBe('abc')
    expect(stat(`${long}/${'n'.repeat(100)}`).size).toBe(0n)
    expect(stat(Buffer.from([0xff, 0x2d, 0x0a])).size).toBe(512n)
    expect([stat(long).mode & 0o7777n, stat(long).mtimeNs / unitNs]).toEqual([
      0o555n,
      1_700_000_000_000_000_007n / unitNs,
    ])
    expect(readlinkSync(join(root, 'link'))).toBe(`/${'t'.repeat(150)}`)
    expect(stat('link').mtimeNs / unitNs).toBe(1_600_000_000_000_001_000n / unitNs)
  })

  test('F-4 a content that breaks off fails the file, and the tree can be abandoned', async () => {
    const to = planter()
    const breaking = async function* () {
      yield bytes('half')
      throw new Error('the line broke')
    }

    await expect(to.file({ ...at('a', 0o644, 0n), size: 8 }, breaking())).rejects.toThrow('the line broke')
    await to.abandon()
  })
})

test('a system that runs these tests has an exact tar', async () => {
  expect(await hasExactTar()).toBe(true)
})

test('a tar that cannot write says so, as the failure of what was written', async () => {
  rmSync(root, { recursive: true })
  const to = plantExactly(root)
  await to.file({ ...at('a', 0o644, 0n), size: 1 }, [bytes('1')]).catch(() => undefined)

  await expect(to.finish()).rejects.toThrow(/tar ended with 2/)
  await to.abandon()
  mkdirSync(root)
})
