// Where half-written files lie until they are whole: outside the workspace where that can be renamed from, else in a hidden
// folder of it that git ignores. Never listed, never watched.
import { existsSync, mkdirSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { hold, type Held } from './held.ts'

/** Name of our hidden folder at the top of a workspace, and beginning of our temporary files' names elsewhere. */
export const scratchName = '.devex-tmp'

/** True for a path whose first or last part is ours: hidden from everybody. */
export function isScratch(path: string): boolean {
  return path.split('/').some((part) => part === scratchName || part.startsWith(`${scratchName}-`))
}

export class Scratch {
  readonly #root: string
  #outside: string | undefined
  #swept = false

  /** `outside` is a folder of ours on the workspace's file system, if there is one. */
  constructor(root: string, outside?: string) {
    this.#root = root
    this.#outside = outside
  }

  /** Renaming out of the outside folder crossed a mount: it is not used again. */
  giveUpOutside(): void {
    this.#outside = undefined
  }

  /** A path for a new temporary file; `folder` (where the file shall end) is used when there is no better place. */
  newPath(folder: Held): { path: string; close(): void } {
    const name = `${scratchName}-${randomBytes(9).toString('base64url')}`
    const outside = this.#outsideFolder()
    if (outside !== null) return { path: `${outside}/${name}`, close: () => undefined }
    const hidden = this.#hidden()
    return { path: `${(hidden ?? folder).at}/${name}`, close: () => hidden?.close() }
  }

  /** The outside folder, made when it is missing; null when there is none or it cannot be had. */
  #outsideFolder(): string | null {
    if (this.#outside === undefined) return null
    try {
      mkdirSync(this.#outside, { recursive: true, mode: 0o700 })
      this.#sweepOnce(this.#outside)
      return this.#outside
    } catch {
      this.giveUpOutside()
      return null
    }
  }

  /** Our hidden folder, made when it is missing; null when somebody put something else in its place. */
  #hidden(): Held | null {
    try {
      mkdirSync(`${this.#root}/${scratchName}`, { recursive: true, mode: 0o700 })
      const held = hold(this.#root, scratchName, { folder: true })
      if (held.real !== `${this.#root}/${scratchName}`) {
        held.close()
        return null
      }
      if (!existsSync(`${held.at}/.gitignore`)) writeFileSync(`${held.at}/.gitignore`, '*\n')
      this.#sweepOnce(held.at)
      return held
    } catch {
      return null
    }
  }

  /** Removes what a killed runner left. */
  #sweepOnce(folder: string): void {
    if (this.#swept) return
    this.#swept = true
    for (const name of readdirSync(folder)) if (name.startsWith(scratchName)) unlinkSync(`${folder}/${name}`)
  }
}
