// A disk that is full, read-only or broken: what was acknowledged stays, edits wait with a reason, all of it is there when
// the disk takes bytes again.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Files } from '../../../runner/documents/ports.ts'
import type { Clock } from '../../../runner/documents/clock.ts'
import { diskFault } from '../../../runner/workspace/faults.ts'
import { eventually } from '../../support/eventually.ts'
import { FaultyDisk, type Call } from '../faulty-disk.ts'
import { startSession } from './session.ts'

/** Real time, but nobody waits a second for the next attempt. */
const hasty: Clock = {
  now: Date.now,
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(ms, 30))
    return () => clearTimeout(timer)
  },
}

const refusals: Array<{ what: string; calls: Call[]; code: string; words: RegExp }> = [
  { what: 'full', calls: ['append', 'create', 'replace', 'reserve'], code: 'ENOSPC', words: /is full/ },
  { what: 'read-only', calls: ['append', 'create', 'replace', 'reserve'], code: 'EROFS', words: /read-only/ },
  { what: 'failing on write', calls: ['append', 'create'], code: 'EIO', words: /fails/ },
  { what: 'failing on fdatasync', calls: ['sync'], code: 'EIO', words: /fails/ },
  { what: 'failing on the folder', calls: ['syncFolder'], code: 'EIO', words: /fails/ },
]

for (const { what, calls, code, words } of refusals)
  test(`C-6 W-9 a disk ${what}: nothing is called saved, and all is there once it takes bytes again`, async () => {
    const disk = new FaultyDisk()
    const session = await startSession({ disk, clock: hasty })
    await session.put('a.txt', 'begin\n')
    const page = await session.join('a.txt')
    const troubles: Array<string | null> = []
    session.log.listen({ trouble: (why) => troubles.push(why) })
    const before = readdirSync(join(session.folders.state, 'log'))

    if (calls[0] === 'syncFolder') await session.documents.putAway()
    disk.tornBytes = 5
    for (const call of calls) disk.faults.set(call, code)
    const saved = session.log.saved
    for (let i = 0; i < 20; i += 1) {
      page.text.insert(0, `<${i}>`)
      if (i % 5 === 0) session.log.flush()
    }
    if (calls[0] === 'syncFolder') {
      // A folder is synced when a segment is new: one that fails makes the next.
      disk.faults.set('sync', code)
      await eventually(() => troubles.length > 0)
      disk.faults.delete('sync')
    }
    await expect(session.log.sync()).rejects.toMatchObject({ say: expect.stringMatching(words) })
    await expect(session.documents.materialise('enter')).rejects.toMatchObject({
      say: expect.stringMatching(words),
    })
    expect(session.log.saved).toBe(saved)
    expect(await session.text('a.txt')).toBe('begin\n')
    expect(troubles.at(-1)).toMatch(words)

    disk.faults.clear()
    await eventually(() => session.log.trouble === null && session.log.saved === session.log.seq)
    await session.documents.materialise('enter')
    expect(troubles.at(-1)).toBe(null)
    expect(await session.text('a.txt')).toBe(page.text.toString())
    // The file that failed is never used again: what was not safe lies in a new one.
    expect(readdirSync(join(session.folders.state, 'log')).length).toBeGreaterThan(before.length)
    const again = await startSession({ folders: session.folders })
    expect((await again.join('a.txt')).text.toString()).toBe(page.text.toString())
  })

test('W-9 a full disk takes what is in flight from the reserve, and edits wait until the reserve is whole again', async () => {
  const disk = new FaultyDisk()
  const session = await startSession({ disk, clock: hasty })
  await session.put('a.txt', '')
  const page = await session.join('a.txt')
  const reserve = (): boolean => readdirSync(session.folders.state).includes('.devex-tmp-reserve')
  expect(reserve()).toBe(true)

  disk.faults.set('reserve', 'ENOSPC')
  disk.faults.set('append', 'ENOSPC')
  disk.remove = (path) => {
    // Whoever gives up the reserve makes the room that was missing.
    FaultyDisk.prototype.remove.call(disk, path)
    disk.faults.delete('append')
  }
  page.text.insert(0, 'in flight')
  await eventually(() => session.log.saved === session.log.seq)

  expect(reserve()).toBe(false)
  expect(session.log.trouble).toMatch(/is full/)
  await session.documents.materialise('enter')
  expect(await session.text('a.txt')).toBe('in flight')
  disk.faults.clear()
  await eventually(() => session.log.trouble === null)
  expect(reserve()).toBe(true)
})

test('a disk that is full from the beginning holds edits and lets documents be read', async () => {
  const first = await startSession()
  await first.put('a.txt', 'kept\n')
  await first.join('a.txt')
  await first.stop()
  const disk = new FaultyDisk()
  for (const call of ['reserve', 'append', 'create', 'replace'] as const) disk.faults.set(call, 'ENOSPC')

  const session = await startSession({ folders: first.folders, disk, clock: hasty, generation: 2 })
  const page = await session.join('a.txt')
  const troubles: Array<string | null> = []
  session.log.listen({ trouble: (why) => troubles.push(why) })

  expect(page.text.toString()).toBe('kept\n')
  expect(troubles[0]).toMatch(/is full/)
  disk.faults.clear()
  await eventually(() => troubles.at(-1) === null)
})

for (const [errno, words] of [
  ['ENOSPC', /is full/],
  ['EROFS', /read-only/],
  ['EIO', /fails/],
] as const)
  test(`T-7 W-9 a workspace that answers ${errno} refuses Enter in words, and loses nothing that the log has`, async () => {
    let refuses = false
    const faulty = (files: Files): Files => ({
      ...files,
      write: (path, bytes, still) => {
        const fault = Object.assign(new Error(errno), { code: errno })
        return refuses ? Promise.reject(diskFault(fault, path)) : files.write(path, bytes, still)
      },
    })
    const session = await startSession({ faulty, clock: hasty })
    await session.put('a.sh', 'echo old\n')
    await session.put('b.sh', 'echo b\n')
    const page = await session.join('a.sh')
    await session.join('b.sh')
    const troubles: Array<string | null> = []
    session.documents.listen({ trouble: (why) => troubles.push(why) })

    refuses = true
    page.text.insert(0, 'echo new\n')
    await expect(session.documents.materialise('enter')).rejects.toMatchObject({
      say: expect.stringMatching(words),
    })
    await session.log.sync()
    expect(await session.text('a.sh')).toBe('echo old\n')
    expect(troubles.at(-1)).toMatch(words)
    // What others need goes on: a download of another file, making room in the tree.
    await session.documents.settle('b.sh')
    await expect(session.documents.settle('a.sh')).rejects.toMatchObject({
      say: expect.stringMatching(words),
    })
    const crashed = await startSession({ folders: session.folders })
    expect((await crashed.join('a.sh')).text.toString()).toBe('echo new\necho old\n')
    await crashed.documents.close()

    refuses = false
    await eventually(async () => (await session.text('a.sh')) === 'echo new\necho old\n')
    await eventually(() => troubles.at(-1) === null)
    await session.documents.materialise('enter')
  })

test('T-7 a program that writes a file without a pause makes Enter wait no longer than it takes to say so', async () => {
  let writes = 0
  const faulty = (files: Files): Files => ({ ...files, write: () => ((writes += 1), Promise.resolve(null)) })
  const session = await startSession({ faulty, clock: hasty })
  await session.put('a.sh', 'x\n')
  const page = await session.join('a.sh')
  page.text.insert(0, 'y')

  await expect(session.documents.materialise('enter')).rejects.toMatchObject({ code: 'conflict' })
  expect(writes).toBeGreaterThan(1)
})
