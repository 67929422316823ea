// The exam of the Sandbox seam: what every driver promises, asked of real (small) programs.
import { readFile, rm, stat, writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Sandbox, Session } from '../../orchestrator/sandbox/sandbox.ts'
import { eventually } from '../support/eventually.ts'
import { aReplId } from '../support/keys.ts'

export type SandboxSitting = {
  sandbox: Sandbox
  /** Another driver over the same folders: what the next orchestrator would be. */
  again: () => Sandbox
  isAlive: (pid: number) => Promise<boolean>
  /** The process that the box itself knows by this number; null when it is gone. */
  outer: (repl: string, pid: number) => Promise<number | null>
  end: () => Promise<void>
}

export function sandboxExam(name: string, open: () => Promise<SandboxSitting>): void {
  describe(`sandbox: ${name}`, () => {
    let sitting: SandboxSitting
    let session: Session
    beforeEach(async () => {
      sitting = await open()
      const secrets = { certificate: 'certificate', privateKey: 'key' }
      session = { repl: aReplId(), generation: 1, name: 'two sum', run: 'node index.js', ...secrets }
    })
    afterEach(async () => {
      await sitting.sandbox.release(session.repl)
      await sitting.end()
    })

    /** A sandbox with one file in its workspace, as after a restore. */
    async function restored() {
      const { sandbox } = sitting
      const folders = await sandbox.place(session.repl)
      const staging = await sandbox.staging(session.repl)
      await mkdir(staging.workspace, { recursive: true })
      await mkdir(staging.state, { recursive: true })
      await writeFile(join(staging.workspace, 'main.py'), 'print(1)\n')
      await sandbox.adoptStaging(session.repl)
      return folders
    }

    async function booted() {
      const folders = await restored()
      await sitting.sandbox.boot(session)
      const told = await eventually(() => pidsIn(folders))
      const pids = await eventually(() => outerOf(told))
      await eventually(() => stat(sitting.sandbox.door(session.repl).socket))
      return { folders, pids, told }
    }

    const pidsIn = async ({ home }: { home: string }): Promise<Record<string, number>> =>
      JSON.parse(await readFile(join(home, 'pids.json'), 'utf8')) as Record<string, number>

    /** Null while one of them is not there. */
    async function outerOf(told: Record<string, number>): Promise<Record<string, number> | null> {
      const pids: Record<string, number> = {}
      for (const [name, pid] of Object.entries(told)) {
        const outer = await sitting.outer(session.repl, pid)
        if (outer === null) return null
        pids[name] = outer
      }
      return pids
    }

    test('a restore replaces what is there as one step, and can be repeated', async () => {
      const folders = await restored()
      await writeFile(join(folders.workspace, 'altered.txt'), 'by hand')
      const abandoned = await sitting.sandbox.staging(session.repl)
      await mkdir(abandoned.workspace, { recursive: true })
      await writeFile(join(abandoned.workspace, 'half'), '')

      await restored()
      await sitting.sandbox.adoptStaging(session.repl)

      expect(await readFile(join(folders.workspace, 'main.py'), 'utf8')).toBe('print(1)\n')
      await expect(stat(join(folders.workspace, 'altered.txt'))).rejects.toThrow('ENOENT')
      await expect(stat(join(folders.workspace, 'half'))).rejects.toThrow('ENOENT')
    })

    test('placing again never touches a workspace that is there', async () => {
      const folders = await restored()

      expect(await sitting.sandbox.place(session.repl)).toEqual(folders)

      expect(await readFile(join(folders.workspace, 'main.py'), 'utf8')).toBe('print(1)\n')
    })

    test('what is observed is true: nothing, folders, life, death', async () => {
      const { sandbox } = sitting
      const none = { workspace: false, state: false, runner: false, box: false }
      expect(await sandbox.observe(session)).toEqual(none)

      const { folders, pids } = await booted()
      expect(await sandbox.observe(session)).toEqual({
        workspace: true,
        state: true,
        runner: true,
        box: true,
      })
      expect(await sandbox.observe({ ...session, generation: 2 })).toMatchObject({ runner: false })

      process.kill(pids['box']!, 'SIGKILL')
      await eventually(async () => !(await sandbox.observe(session)).box)
      await rm(folders.workspace, { recursive: true })
      expect(await sandbox.observe(session)).toMatchObject({ workspace: false, state: true, runner: true })
    })

    test('R-3 a session that is alive is not started again; the next orchestrator finds it', async () => {
      const { folders, pids, told } = await booted()

      await sitting.sandbox.boot(session)
      await sitting.again().boot(session)

      expect(await pidsIn(folders)).toEqual(told)
      for (const pid of Object.values(pids)) expect(await sitting.isAlive(pid)).toBe(true)
      expect(await sitting.again().observe(session)).toMatchObject({ runner: true, box: true })
    })

    test('R-9 a box that died is told of and started anew; its leftovers go and the runner stays', async () => {
      const heard: string[] = []
      const endWatch = sitting.sandbox.watch((repl) => heard.push(repl))
      const { folders, pids } = await booted()
      const runner = await sitting.sandbox.observe(session)

      process.kill(pids['box']!, 'SIGKILL')
      await eventually(() => heard.includes(session.repl))
      await sitting.sandbox.boot(session)

      const again = await eventually(async () => {
        const now = await outerOf(await pidsIn(folders))
        return now === null || now['box'] === pids['box'] ? null : now
      })
      expect(await sitting.isAlive(pids['daemon']!)).toBe(false)
      expect(await sitting.isAlive(pids['child']!)).toBe(false)
      expect(await sitting.isAlive(again['daemon']!)).toBe(true)
      expect(runner.runner).toBe(true)
      expect(await sitting.sandbox.observe(session)).toMatchObject({ runner: true, box: true })
      endWatch()
    })

    test('the end of a box takes every program of it, may be repeated, and leaves the runner to a new box', async () => {
      const { pids } = await booted()

      await sitting.sandbox.endBox(session.repl)
      await sitting.sandbox.endBox(session.repl)

      for (const name of ['box', 'child', 'daemon']) expect(await sitting.isAlive(pids[name]!)).toBe(false)
      expect(await sitting.sandbox.observe(session)).toMatchObject({ runner: true, box: false })
      await sitting.sandbox.boot(session)
      expect(await sitting.sandbox.observe(session)).toMatchObject({ runner: true, box: true })
    })

    test('the end leaves no process behind, not even one that left its parent, group and session', async () => {
      const { folders, pids } = await booted()
      expect(await sitting.isAlive(pids['daemon']!)).toBe(true)

      await sitting.sandbox.end(session.repl)

      for (const pid of Object.values(pids)) expect(await sitting.isAlive(pid)).toBe(false)
      expect(await sitting.sandbox.observe(session)).toMatchObject({
        runner: false,
        box: false,
        workspace: true,
      })
      expect(await readFile(join(folders.workspace, 'main.py'), 'utf8')).toBe('print(1)\n')
    })

    test('release ends and removes everything, and may be repeated', async () => {
      const { folders, pids } = await booted()

      await sitting.sandbox.release(session.repl)
      await sitting.sandbox.release(session.repl)

      for (const pid of Object.values(pids)) expect(await sitting.isAlive(pid)).toBe(false)
      for (const folder of Object.values(folders)) await expect(stat(folder)).rejects.toThrow('ENOENT')
    })

    test('what is set aside is moved, not deleted', async () => {
      const { folders } = await booted()
      await rm(folders.state, { recursive: true })

      const to = await sitting.sandbox.setAside(session.repl)

      expect(await readFile(join(to, 'workspace', 'main.py'), 'utf8')).toBe('print(1)\n')
      await expect(stat(folders.workspace)).rejects.toThrow('ENOENT')
    })
  })
}
