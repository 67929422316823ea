// How a process writes its log: a line that its file does not take (a full disk) is lost, and the process goes on. Opens nothing.

const utf8 = new TextEncoder()

/**
 * A destination for pino in place of its own, which waits for room and stops everything meanwhile. `put` writes some of the
 * bytes and answers how many, or throws.
 */
export function logLines(put: (bytes: Uint8Array) => number): { write(line: string): void } {
  /** True while the last line lies there in part: the next begins on one of its own. */
  let isTorn = false
  return {
    write(line) {
      const bytes = utf8.encode(isTorn ? `\n${line}` : line)
      let at = 0
      try {
        while (at < bytes.length) at += put(bytes.subarray(at))
        isTorn = false
      } catch {
        // Nobody can be told: this is where it would be said.
        if (at > 0) isTorn = true
      }
    },
  }
}
