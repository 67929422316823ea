// Changes of the workspace that are under way at the doors: counted, so that a stop lets them end. Decides nothing about them.

export class Changes {
  readonly #running = new Set<Promise<void>>()

  /** One begins; gives the function that says it has ended. */
  begin(): () => void {
    let end = (): void => undefined
    const running = new Promise<void>((done) => (end = done))
    this.#running.add(running)
    return () => {
      this.#running.delete(running)
      end()
    }
  }

  async run<T>(change: () => Promise<T>): Promise<T> {
    const ended = this.begin()
    try {
      return await change()
    } finally {
      ended()
    }
  }

  /** Resolves when all that run now have ended, well or not. */
  async ended(): Promise<void> {
    await Promise.all(this.#running)
  }
}
