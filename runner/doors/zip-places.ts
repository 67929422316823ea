// How many zips of folders are made at once: one a person, a few in all; the next is refused in words.
import type { ServerResponse } from 'node:http'
import { AppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'

export class ZipPlaces {
  readonly #taken = new Set<string>()

  /** Holds a place of `person` until the answer is over, or who asked has left. */
  take(person: string, response: ServerResponse): void {
    if (this.#taken.has(person))
      throw new AppError('too-many', {
        say: 'You are downloading a folder already. Wait until it has come, or stop it.',
      })
    if (this.#taken.size >= limits.zipsAtOnce)
      throw new AppError('too-many', {
        say: 'Others are downloading folders right now. Try again in a moment.',
      })
    if (response.closed) throw new AppError('unavailable', { say: 'The asker has left.' })
    this.#taken.add(person)
    response.once('close', () => this.#taken.delete(person))
  }
}
