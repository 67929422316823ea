// Authors as processes of their own: started in advance, told at their standard input what to type and where, and asked after
// their death how much of it they had been told to be logged and saved.
import { spawn, type ChildProcess } from 'node:child_process'
import { bundle } from './programs.ts'
import { gone } from './installation.ts'

export type Orders = { url: string; token: string; name: string; seed: number; everyMs: number }
export type Author = { name: string; child: ChildProcess; told: () => { logged: number; saved: number } }

type Ready = { child: ChildProcess; said: () => string }

export class Authors {
  #program: { path: string; remove(): Promise<void> } | null = null
  #ready: Ready[] = []

  async start(count: number): Promise<void> {
    this.#program = await bundle('tests/support/author.ts')
    this.prepare(count)
  }

  /** Has `count` authors wait for orders. */
  prepare(count: number): void {
    while (this.#ready.length < count) this.#ready.push(this.#spawn())
  }

  send(orders: Orders): Author {
    const { child, said } = this.#ready.shift() ?? this.#spawn()
    child.stdin?.write(`${JSON.stringify(orders)}\n`)
    const last = (what: string): number => {
      const text = said()
      const whole = text.lastIndexOf('\n')
      const at = text.lastIndexOf(`${what} `, whole)
      return at < 0 ? 0 : Number.parseInt(text.slice(at + what.length + 1, whole), 10)
    }
    return { name: orders.name, child, told: () => ({ logged: last('logged'), saved: last('saved') }) }
  }

  async stop(): Promise<void> {
    for (const { child } of this.#ready) child.kill('SIGKILL')
    await Promise.all(this.#ready.map(({ child }) => gone(child)))
    await this.#program?.remove()
  }

  #spawn(): Ready {
    if (this.#program === null) throw new Error('the authors have not been started')
    const child = spawn(process.execPath, [this.#program.path], { stdio: ['pipe', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (part: Buffer) => (said += part.toString()))
    child.stdin.on('error', () => undefined)
    return { child, said: () => said }
  }
}
