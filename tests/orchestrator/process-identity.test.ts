// Which processes are those that were written down: by the build before this one, and in the run of a container before this one.
import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { endLeftovers } from '../../orchestrator/cli/leftovers.ts'
import { noteOwner, removeStale } from '../../orchestrator/cli/run-folders.ts'
import { takeLock } from '../../orchestrator/ledger/embedded/lock.ts'
import { bootId, identify, isAlive, type ProcessIdentity } from '../../orchestrator/process-identity.ts'
import { endAll } from '../../orchestrator/sandbox/local/process-tree.ts'
import { eventually } from '../support/eventually.ts'
import { tempFolder } from '../support/folders.ts'
import { isLiving } from '../support/processes.ts'

const lacking = process.platform !== 'linux'
if (lacking) console.log('processes of another boot: not tried, /proc is missing; run the tests on Linux')

/** As the first builds wrote it. */
const kernelBoot = async (): Promise<string> =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'unknown')).trim()
/** As in an earlier run of this container: its process 1 began at another time. */
const otherRun = async (): Promise<string> => `${await kernelBoot()}-1`

async function aProcess(): Promise<ProcessIdentity> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return (await identify(child.pid!))!
}

/** A program whose leader has ended: nothing but the number of its session says whose it is. */
async function leftBehind(): Promise<{ leader: number; pid: number }> {
  const shell = spawn('sh', ['-c', 'sleep 60 >/dev/null & echo $!'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let said = ''
  shell.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()))
  await new Promise((done) => shell.once('close', done))
  const pid = Number(said)
  onTestFinished(() => {
    if (isLiving(pid)) process.kill(pid, 'SIGKILL')
  })
  await eventually(async () => (await identify(shell.pid!)) === null)
  return { leader: shell.pid!, pid }
}

test.skipIf(lacking)(
  'S-4 what the build before wrote down is alive while it lives: its locks hold, its folders stay, its leftovers are ended',
  async () => {
    const folder = await tempFolder()
    onTestFinished(() => folder.remove())
    const old = { ...(await aProcess()), boot: await kernelBoot() }
    const data = join(folder.path, 'data')
    await mkdir(data)
    await writeFile(join(data, 'up.lock'), JSON.stringify(old))
    const run = join(folder.path, 'devex-0-theirs')
    await mkdir(run, { mode: 0o700 })
    await noteOwner({ run, data })

    expect(await isAlive(old)).toBe(true)
    await expect(takeLock(join(data, 'up.lock'), (pid) => `held by ${pid}`)).rejects.toThrow(
      `held by ${old.pid}`,
    )
    expect(await removeStale(join(folder.path, 'devex-0-ours'), Date.now() + 3600_000)).toEqual([])
    const ports = { orchestrator: 1, sync: 1, collab: 1, app: 1 }
    await endLeftovers({ version: 1, publicUrl: '', processes: [old], ports })
    expect(isLiving(old.pid)).toBe(false)
  },
)

test.skipIf(lacking)(
  'S-4 a container that was started again counts from 1 anew: nobody of now is taken for one of its last run',
  async () => {
    const { leader, pid } = await leftBehind()
    const end = async (boot: string) => {
      const root = { pid: leader, starttime: '1', boot }
      await endAll({ roots: [root], marks: [], programs: [], graceMs: 0 })
      return isLiving(pid)
    }
    expect(await isAlive({ ...(await aProcess()), boot: await otherRun() })).toBe(false)
    expect(await end(await otherRun())).toBe(true)
    expect(await end('another-machine')).toBe(true)

    expect(await end(await bootId())).toBe(false)
  },
)

test.skipIf(lacking)('S-4 what a dead leader of the build before left in its session is ended', async () => {
  const { leader, pid } = await leftBehind()

  await endAll({
    roots: [{ pid: leader, starttime: '1', boot: await kernelBoot() }],
    marks: [],
    programs: [],
    graceMs: 0,
  })

  expect(isLiving(pid)).toBe(false)
})
