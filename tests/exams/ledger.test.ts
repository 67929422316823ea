// The ledgers that sit the ledger's exam, and what the embedded one promises beyond it: its file, its lock, its faults.
import { appendFile, open, readFile, stat, writeFile } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { embeddedLedger } from '../../orchestrator/ledger/embedded/start.ts'
import type { Ledger } from '../../orchestrator/ledger/ledger.ts'
import { identify } from '../../orchestrator/process-identity.ts'
import { faultyLedger } from '../support/faulty-ledger.ts'
import { tempFolder } from '../support/folders.ts'
import { codeOf, ledgerExam } from './ledger.ts'

ledgerExam('embedded', async () => {
  const folder = await tempFolder()
  let ledger = await embeddedLedger(folder.path)
  return {
    ledger,
    async reopen() {
      await ledger.close()
      ledger = await embeddedLedger(folder.path)
      return ledger
    },
    async end() {
      await ledger.close()
      await folder.remove()
    },
  }
})

ledgerExam('in memory, with faults', () => {
  const faulty = faultyLedger()
  return Promise.resolve({
    ledger: faulty.ledger,
    reopen: faulty.reopen,
    end: () => faulty.ledger.close(),
  })
})

test('a write that the disk refuses is told and changes nothing; the next one lands', async () => {
  const faulty = faultyLedger()
  const first = await faulty.ledger.compareAndSet('a', 0, 1)
  faulty.failWrites(1)

  expect(await codeOf(faulty.ledger.compareAndSet('a', first.version, 2))).toBe('unavailable')

  expect(await faulty.ledger.get('a')).toEqual(first)
  await faulty.ledger.compareAndSet('a', first.version, 3)
  expect((await (await faulty.reopen()).get('a'))?.value).toBe(3)
})

describe('the embedded ledger’s file', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>
  let ledger: Ledger | null
  const file = () => join(folder.path, 'ledger.log')
  const openAgain = async () => {
    await ledger?.close()
    ledger = null
    ledger = await embeddedLedger(folder.path)
    return ledger
  }
  beforeEach(async () => {
    folder = await tempFolder()
    ledger = await embeddedLedger(folder.path)
  })
  afterEach(async () => {
    await ledger?.close()
    await folder.remove()
  })

  test('a torn last line is cut off at every length; what was whole stays', async () => {
    await ledger!.compareAndSet('a', 0, 'kept')
    const whole = (await readFile(file())).length
    await ledger!.compareAndSet('b', 0, 'torn')
    await ledger!.close()
    const bytes = await readFile(file())
    for (const length of [whole + 1, Math.floor((whole + bytes.length) / 2), bytes.length - 1]) {
      await writeFile(file(), bytes.subarray(0, length))
      ledger = null
      const again = await openAgain()
      expect((await again.list('')).map((entry) => entry.key)).toEqual(['a'])
      await again.compareAndSet('c', 0, 'after')
      expect((await (await openAgain()).list('')).map((entry) => entry.key)).toEqual(['a', 'c'])
      await ledger!.close()
    }
    ledger = null
  })

  test('damage in the middle is refused in words, never read as less', async () => {
    for (const key of ['a', 'b', 'c']) await ledger!.compareAndSet(key, 0, 'x'.repeat(50))
    await ledger!.close()
    ledger = null
    const bytes = await readFile(file())
    const at = bytes.indexOf('xxxx')
    const handle = await open(file(), 'r+')
    await handle.write(Buffer.from('y'), 0, 1, at)
    await handle.close()

    await expect(embeddedLedger(folder.path)).rejects.toThrow(/damaged at line 2/)

    await appendFile(file(), '')
    expect((await stat(file())).size).toBe(bytes.length)
  })

  test('a file that has grown is rewritten and holds the same', async () => {
    let entry = await ledger!.compareAndSet('grows', 0, '')
    await ledger!.compareAndSet('stays', 0, 'here')
    for (let n = 0; n < 60; n++)
      entry = await ledger!.compareAndSet('grows', entry.version, String(n).padStart(40_000, 'x'))

    expect((await stat(file())).size).toBeLessThan(1_500_000)
    const again = await openAgain()
    expect((await again.get('stays'))?.value).toBe('here')
    expect(await again.get('grows')).toEqual(entry)
  })

  test('a second writer is refused in words; a dead one’s lock is taken over', async () => {
    await expect(embeddedLedger(folder.path)).rejects.toThrow(/in use by another process/)

    await ledger!.close()
    ledger = null
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    const dead = await identify(child.pid!)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await writeFile(join(folder.path, 'ledger.lock'), JSON.stringify(dead))
    await openAgain()

    await ledger!.close()
    ledger = null
    const reused = { ...(await identify(process.pid)), starttime: '1' }
    await writeFile(join(folder.path, 'ledger.lock'), JSON.stringify(reused))
    await openAgain()
  })
})
