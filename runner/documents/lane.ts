// One thing after the other: everything that touches one document's file goes through its lane.

export class Lane {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** True when nothing runs or waits. */
  get idle(): boolean {
    return this.#waiting === 0
  }

  /** Runs `work` after everything given before; a failure is the caller's and stops nobody behind it. */
  run<T>(work: () => Promise<T> | T): Promise<T> {
    this.#waiting += 1
    const done = this.#last.then(work).finally(() => {
      this.#waiting -= 1
    })
    this.#last = done.catch(() => undefined)
    return done
  }

  /** Resolves when everything given so far has ended. */
  async drained(): Promise<void> {
    await this.#last
  }
}
