// What every disk of a runner promises, asked of the real one and of the one with faults.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Disk } from '../../runner/durable.ts'
import { tempFolder } from '../support/folders.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await tempFolder()
  await use(folder.path).finally(folder.remove)
}

export function examineDisk(name: string, make: () => Disk): void {
  test(`${name}: an appendable file begins with its head and holds everything appended, in order`, () =>
    inFolder(async (folder) => {
      const disk = make()
      const file = disk.create(join(folder, 'a'), bytes('head'))
      file.append([bytes(' one'), bytes(''), bytes(' two')])
      file.append([bytes(' three')])
      await file.sync()
      await disk.syncFolder(folder)
      file.close()
      expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('head one two three')
    }))

  test(`${name}: a file that is there is never begun anew`, () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'a'), 'old')
      expect(() => make().create(join(folder, 'a'), bytes('x'))).toThrow(/EEXIST/)
      expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('old')
    }))

  test(`${name}: a replaced file is the new one, nobody else can read it, nothing else is left`, () =>
    inFolder(async (folder) => {
      const disk = make()
      await disk.replace(join(folder, 'a'), bytes('old'))
      await disk.replace(join(folder, 'a'), bytes('new'))
      expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new')
      expect(statSync(join(folder, 'a')).mode & 0o077).toBe(0)
      expect(readdirSync(folder)).toEqual(['a'])
    }))

  test(`${name}: a replacement that fails leaves the old file and nothing else`, () =>
    inFolder(async (folder) => {
      await expect(make().replace(join(folder, 'none', 'a'), bytes('x'))).rejects.toThrow()
      expect(readdirSync(folder)).toEqual([])
    }))

  test(`${name}: a cut file has its first bytes; one that is missing cannot be cut but can be removed`, () =>
    inFolder(async (folder) => {
      const disk = make()
      writeFileSync(join(folder, 'a'), '12345')
      await disk.truncate(join(folder, 'a'), 3)
      expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('123')
      await expect(disk.truncate(join(folder, 'b'), 3)).rejects.toThrow(/ENOENT/)
      disk.remove(join(folder, 'a'))
      disk.remove(join(folder, 'a'))
      expect(readdirSync(folder)).toEqual([])
    }))

  test(`${name}: a reserve takes its bytes from the disk, or says that it cannot`, () =>
    inFolder(async (folder) => {
      const disk = make()
      expect(await disk.reserve(join(folder, 'r'), 300_000)).toBe(true)
      expect(statSync(join(folder, 'r')).blocks * 512).toBeGreaterThanOrEqual(300_000)
      expect(await disk.reserve(join(folder, 'none', 'r'), 1)).toBe(false)
    }))
}
