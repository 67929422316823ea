// Space kept aside for the log: given up when the disk is full, so that what is in flight can still be written, and taken
// again before edits are allowed again. Decides nothing about edits.
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Disk } from '../durable.ts'

/** Bytes: a relay's whole tail of a room (limits.tailBytes), its records' heads, and some snapshots. */
const most = 6 * 1024 * 1024
/** Of a small disk no more than this share is kept from everybody. */
const share = 1 / 8

export class Reserve {
  readonly #disk: Disk
  readonly #path: string
  readonly #bytes: number
  #held = false

  /** `bytes`: how much, where a share of the disk is not wanted. */
  static async at(disk: Disk, path: string, bytes?: number): Promise<Reserve> {
    const { bsize, blocks } = await statfs(dirname(path))
    return new Reserve(disk, path, bytes ?? Math.min(most, Math.floor(bsize * blocks * share)))
  }

  private constructor(disk: Disk, path: string, bytes: number) {
    this.#disk = disk
    this.#path = path
    this.#bytes = bytes
  }

  /** True when the space is ours: nothing else can take it. */
  async hold(): Promise<boolean> {
    if (!this.#held) this.#held = await this.#disk.reserve(this.#path, this.#bytes)
    return this.#held
  }

  /** Gives the space to whoever writes next; false when there was none. */
  release(): boolean {
    if (!this.#held) return false
    this.#held = false
    this.#disk.remove(this.#path)
    return true
  }
}
