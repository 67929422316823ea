// A disk with faults under a test's hand, and with a memory of what would survive a loss of power. Everything else is the
// real disk, so that it passes the same exam.
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Appendable, Disk } from '../../runner/durable.ts'
import { systemDisk } from '../../runner/disk.ts'

export type Call = 'create' | 'append' | 'sync' | 'replace' | 'truncate' | 'syncFolder' | 'reserve'

const systemError = (code: string): Error => Object.assign(new Error(`${code}: the test says so`), { code })

export class FaultyDisk implements Disk {
  /** What each call is refused with from now on. */
  readonly faults = new Map<Call, string>()
  /** Bytes that a refused `append` writes all the same before it gives up. */
  tornBytes = 0
  /** True: `sync` answers without having done anything. */
  liesAboutSync = false
  /** True: no intent reaches the log, as if files were written without a word before. */
  dropsIntents = false
  readonly #synced = new Map<string, number>()
  readonly #named = new Set<string>()

  create(path: string, head: Uint8Array): Appendable {
    this.#refuse('create')
    const file = systemDisk.create(path, head)
    let written = head.length
    this.#synced.set(path, 0)
    return {
      append: (parts) => {
        if (this.faults.has('append')) file.append([Buffer.concat(parts).subarray(0, this.tornBytes)])
        this.#refuse('append')
        const kept = this.dropsIntents ? parts.filter((part) => part[8] !== intentKind) : parts
        file.append(kept)
        for (const part of kept) written += part.length
      },
      sync: async () => {
        const upTo = written
        await Promise.resolve()
        this.#refuse('sync')
        if (this.liesAboutSync) return
        await file.sync()
        this.#synced.set(path, upTo)
      },
      close: () => file.close(),
    }
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    this.#refuse('replace')
    await systemDisk.replace(path, bytes)
  }

  async truncate(path: string, length: number): Promise<void> {
    this.#refuse('truncate')
    await systemDisk.truncate(path, length)
  }

  async syncFolder(path: string): Promise<void> {
    this.#refuse('syncFolder')
    if (this.liesAboutSync) return
    const names = [...this.#synced.keys()].filter((name) => dirname(name) === path)
    await systemDisk.syncFolder(path)
    for (const name of names) this.#named.add(name)
  }

  async reserve(path: string, bytes: number): Promise<boolean> {
    return this.faults.has('reserve') ? false : systemDisk.reserve(path, bytes)
  }

  remove(path: string): void {
    systemDisk.remove(path)
  }

  /** Copies `folder` as a machine finds it after its power was cut this instant: only what was fdatasynced. */
  afterPowerLoss(folder: string, into: string): void {
    cpSync(folder, into, { recursive: true })
    for (const [path, length] of this.#synced) {
      const copy = join(into, path.slice(folder.length))
      if (this.#named.has(path)) truncateSync(copy, length)
      else rmSync(copy, { force: true })
    }
  }

  #refuse(call: Call): void {
    const code = this.faults.get(call)
    if (code !== undefined) throw systemError(code)
  }
}

/** The kind of an intent's record; its place is behind length and checksum (records.ts). */
const intentKind = 2

/** Every byte of every file below a folder that holds files only. */
export const contents = (folder: string): string[] =>
  readdirSync(folder).map((name) => `${name}: ${readFileSync(join(folder, name), 'hex')}`)
