// How many zips are made at once: one a person, a few a repl; the next is refused in words. Each costs its makers work and open files.
import { AppError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'

type Place = { person: string; repl: string }

export class ZipPlaces {
  readonly #taken = new Set<Place>()

  /** Holds a place until its asker has left, which they do when they have all of it, too. */
  take(place: Place, leaving: AbortSignal): void {
    const taken = [...this.#taken]
    if (taken.some(({ person }) => person === place.person))
      throw new AppError('too-many', {
        say: 'You are downloading a zip already. Wait until it has come, or stop it.',
      })
    if (taken.filter(({ repl }) => repl === place.repl).length >= limits.zipsAtOnce)
      throw new AppError('too-many', { say: 'Others are downloading this right now. Try again in a moment.' })
    if (leaving.aborted) throw new AppError('unavailable', { say: 'The asker has left.' })
    this.#taken.add(place)
    leaving.addEventListener('abort', () => this.#taken.delete(place), { once: true })
  }
}
