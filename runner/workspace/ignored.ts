// Which folders are not watched and not listed by themselves: tools' own ones, and those that the top .gitignore names plainly.
// Patterns with wildcards or negation are left alone: at worst a folder too many is watched.
import { AppError } from '../../protocol/errors.ts'
import { nameOf } from '../../protocol/paths.ts'
import type { Confined } from './confine.ts'

const always = ['node_modules', '.git', '.venv', '__pycache__']
/** Bytes of a .gitignore that are read. */
const ignoreFileBytes = 64 * 1024

export const ignoreFile = '.gitignore'

export class Ignored {
  readonly #names = new Set(always)
  readonly #paths = new Set<string>()
  readonly #text: string

  /** `text` is that of the top .gitignore. */
  constructor(text = '') {
    this.#text = text
    for (const line of text.split(/\r?\n/)) {
      const plain = /^(\/?)([^*?[\]!#\\]+?)\/?\s*$/.exec(line)
      const [, anchor, path] = plain ?? []
      if (!path) continue
      if (anchor || path.includes('/')) this.#paths.add(path)
      else this.#names.add(path)
    }
  }

  /** True for a folder that is only listed when somebody opens it. */
  folder(path: string): boolean {
    return this.#names.has(nameOf(path)) || this.#paths.has(path)
  }

  /** True for everything inside such a folder. */
  inside(path: string): boolean {
    for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
      if (this.folder(path.slice(0, cut))) return true
    }
    return false
  }

  equals(other: Ignored): boolean {
    return this.#text === other.#text
  }
}

/** The rules as the workspace has them now; a missing or unreadable .gitignore adds none. */
export async function readIgnored(confined: Confined): Promise<Ignored> {
  try {
    const { bytes } = await confined.read(ignoreFile, ignoreFileBytes)
    return new Ignored(Buffer.from(bytes).toString('utf8'))
  } catch (thrown) {
    if (thrown instanceof AppError) return new Ignored()
    throw thrown
  }
}
