// The one place that touches node-pty's native binding. We take the binding alone and not its reader, because that
// reader drops the tail of a program's output at exit. The dependency is pinned; tests/runner/box proves the shape.
import { createRequire } from 'node:module'
import { z } from 'zod'

const Forked = z.object({ fd: z.number().int(), pid: z.number().int(), pty: z.string() })
export type Forked = z.infer<typeof Forked>

export type ForkRequest = {
  file: string
  args: string[]
  env: Record<string, string>
  cwd: string
  cols: number
  rows: number
  /** Called once, when the program itself has ended (not when its output has). `signal` is 0 when there was none. */
  onExit: (code: number, signal: number) => void
}

type Binding = {
  fork: (...positional: unknown[]) => unknown
  resize: (fd: number, cols: number, rows: number) => void
}

const library = createRequire(import.meta.url)('@lydell/node-pty/requireBinary.js') as {
  requireBinary: (file: string) => Binding
}
const binding = library.requireBinary('pty.node')

/** Keep the identity of the user who runs us. */
const sameUser = -1

/** Starts a program as leader of a new session on a new PTY. The returned descriptor is ours to close and non-blocking. */
export function forkPty(request: ForkRequest): Forked {
  const { file, args, env, cwd, cols, rows, onExit } = request
  const pairs = Object.entries(env).map(([key, value]) => `${key}=${value}`)
  const utf8 = true
  return Forked.parse(
    binding.fork(file, args, pairs, cwd, cols, rows, sameUser, sameUser, utf8, 'unused-on-linux', onExit),
  )
}

export function resizePty(fd: number, size: { cols: number; rows: number }): void {
  binding.resize(fd, size.cols, size.rows)
}
