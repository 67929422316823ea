// The order of what is typed into one terminal: each message waits for those before it, and one that could start a program
// waits until the documents are on the disk. Knows nothing of who types.
import { AppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'

/** Messages' bytes that may wait; more is refused whole. */
const waitingBytes = 4 * limits.terminalInputBytes

export type InputDeps = {
  /** Brings every document to the disk. */
  materialise: (why: string) => Promise<void>
  /** Gives bytes to the program; throws when it cannot. */
  write: (bytes: Uint8Array) => void
}

export class InputQueue {
  readonly #deps: InputDeps
  #tail: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(deps: InputDeps) {
    this.#deps = deps
  }

  /**
   * Resolves when the bytes were given to the program, all of them; rejects when none was. `permitted` throws when their
   * sender may not type any more: asked last, because a message may wait.
   */
  push(bytes: Uint8Array, permitted: () => void): Promise<void> {
    if (bytes.length > limits.terminalInputBytes || this.#waiting + bytes.length > waitingBytes) {
      return Promise.reject(tooLarge())
    }
    this.#waiting += bytes.length
    const mine = this.#tail
      .then(() => this.#give(bytes, permitted))
      .finally(() => (this.#waiting -= bytes.length))
    this.#tail = mine.catch(() => undefined)
    return mine
  }

  async #give(bytes: Uint8Array, permitted: () => void): Promise<void> {
    if (endsLine(bytes)) await inTime(this.#deps.materialise('enter'))
    permitted()
    this.#deps.write(bytes)
  }
}

/** True when a shell could begin to run something at these bytes. */
export function endsLine(bytes: Uint8Array): boolean {
  return bytes.includes(0x0d) || bytes.includes(0x0a)
}

/** A disk that hangs must not hold a terminal for ever: after the agreed time the keys are given back. */
async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(notSaved()), limits.enterGiveUpMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function notSaved(): AppError {
  return new AppError('unavailable', {
    say: 'The files could not be written in time, so Enter was not sent.',
  })
}

export function tooLarge(): AppError {
  const say = `A terminal takes at most ${limits.terminalInputBytes / 1024 / 1024} MB at once. Nothing was pasted; upload a file instead.`
  return new AppError('too-large', { say })
}
