// The whole product as a person starts it: `scripts/start.mjs` on a temp data folder and a free port, and its owner link.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildMissing, root } from '../../scripts/build.mjs'

/** A free TCP port on loopback; free a moment ago, as far as anybody can say. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export type Product = {
  url: string
  /** Process id of `up`. */
  pid: number
  /** The one-time owner link. */
  link: string
  data: string
  /** Everything it has printed so far. */
  output(): string
  /** Milliseconds from the command to the printed link. */
  startMs: number
  /** As Ctrl-C; resolves with the exit code. */
  stop(): Promise<number | null>
  /** As kill -9 on `up` alone. */
  kill(): Promise<void>
  /** Removes the data folder. */
  clean(): void
}

const linkPattern = /http:\/\/\S+\/welcome\/[a-z2-7]{32}/

/** Starts it and waits for the link. `data` of an earlier product continues that one; `within` is a command to run it in. */
export async function startProduct(
  options: { data?: string; port?: number; args?: string[]; within?: (data: string) => string[] } = {},
): Promise<Product> {
  await buildMissing()
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'devex-data-'))
  const port = options.port ?? (await freePort())
  const begun = performance.now()
  const start = [process.execPath, 'scripts/start.mjs', '--data', data, '--port', String(port)]
  const [command = '', ...args] = [...(options.within?.(data) ?? []), ...start, ...(options.args ?? [])]
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (text: Buffer) => (output += text.toString()))
  child.stderr.on('data', (text: Buffer) => (output += text.toString()))
  const link = await printedLink(child, () => output)
  return {
    url: new URL(link).origin,
    pid: child.pid ?? 0,
    link,
    data,
    output: () => output,
    startMs: performance.now() - begun,
    stop: () => ended(child, 'SIGINT'),
    kill: async () => void (await ended(child, 'SIGKILL')),
    clean: () => rmSync(data, { recursive: true, force: true }),
  }
}

function printedLink(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const link = linkPattern.exec(output())?.[0]
      if (link === undefined) return
      clearTimeout(late)
      resolve(link)
    }
    const late = setTimeout(() => reject(new Error(`no link within 60 s:\n${output()}`)), 60_000)
    child.stdout?.on('data', look)
    child.once('exit', (code) => reject(new Error(`ended with ${code}:\n${output()}`)))
  })
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code))
    child.kill(signal)
  })
}
