// kill -9 of our own processes while people work: shells keep their process, typing goes on, nothing is lost or doubled.
import { readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { programOf, serverOf, shellPidOf, slay } from '../support/processes.ts'
import { startProduct } from '../support/product.ts'
import type { Product } from '../support/product.ts'
import { Visitor } from '../support/visitor.ts'
import type { Inhabitant } from '../support/visitor.ts'

let product: Product
let owner: Visitor

beforeAll(async () => {
  product = await startProduct()
  owner = await Visitor.arrive(product.link)
})

afterAll(async () => {
  await product.stop()
  product.clean()
})

/** A terminal whose output is collected, and its shell's process id. */
async function shellOf(
  inhabitant: Inhabitant,
): Promise<{ type: (line: string) => void; seen: () => string; pid: number }> {
  const socket = inhabitant.terminals()
  let seen = ''
  socket.on('out', ((_terminal: number, _offset: number, bytes: Uint8Array) => {
    seen += Buffer.from(bytes).toString()
  }) as never)
  const opened: unknown = await socket.timeout(10_000).emitWithAck('open', { cols: 80, rows: 24 } as never)
  const { terminal } = opened as { terminal: number }
  await socket.timeout(10_000).emitWithAck('attach', { terminal, cols: 80, rows: 24 } as never)
  const type = (line: string): void =>
    void socket.emit('in', { terminal } as never, Buffer.from(`${line}\r`) as never)
  type('echo pid=$$.')
  const pid = await eventually(() => /pid=(\d+)\./.exec(seen)?.[1])
  return { type, seen: () => seen, pid: shellPidOf(inhabitant.doors.repl, Number(pid)) }
}

function fileOf(repl: string, name: string): string {
  const found = execFileSync('find', [product.data, '-path', `*${repl}*`, '-name', name], {
    encoding: 'utf8',
  })
  return readFileSync(found.split('\n')[0] ?? '', 'utf8')
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('R-9 C-5 typing goes on through kill -9 of relay, runner and orchestrator: every edit is there once', async () => {
  const repl = await owner.create('kills', 'python')
  const ada = await owner.start(repl.id)
  const a = await ada.edit('main.py')
  const b = await (await owner.enter(repl.id)).edit('main.py')
  const shell = await shellOf(ada)
  a.doc.transact(() => a.text.delete(0, a.text.length))
  let line = 0
  const typeLines = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      a.text.insert(a.text.length, `line ${line++}\n`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await typeLines(20)

  for (const kill of [
    () => slay(serverOf(product.pid, 'collab-server')),
    () => slay(programOf(repl.id, 'runner')),
    () => slay(serverOf(product.pid, 'orchestrator')),
    () => slay(serverOf(product.pid, 'front-door')),
  ]) {
    const typing = typeLines(20)
    await kill()
    await typing
    await typeLines(20)
    await eventually(() => b.text.toString() === a.text.toString(), 20_000)
  }

  const whole = Array.from({ length: line }, (_one, i) => `line ${i}\n`).join('')
  expect(a.text.toString()).toBe(whole)
  await eventually(() => fileOf(repl.id, 'main.py') === whole)
  expect(isAlive(shell.pid)).toBe(true)
  ada.leave()
})

test('T-9 a shell keeps its process and every byte while its runner is away', async () => {
  const repl = await owner.create('shells', 'python')
  const ada = await owner.start(repl.id)
  const shell = await shellOf(ada)
  shell.type(
    'for i in $(seq 1 2000); do echo row-$i; [ $i = 1000 ] && sleep 1; done; echo the-$((1+1))nd-end',
  )
  await eventually(() => shell.seen().includes('row-900'))

  await slay(programOf(repl.id, 'runner'))

  await eventually(() => {
    expect(isAlive(shell.pid)).toBe(true)
    return programOf(repl.id, 'runner')
  })
  const again = await eventually(() => owner.enter(repl.id), 20_000)
  const later = again.terminals()
  let screen = ''
  later.on(
    'snap',
    ((_screen: object, bytes: Uint8Array) => (screen = Buffer.from(bytes).toString())) as never,
  )
  later.on(
    'out',
    ((_terminal: number, _offset: number, bytes: Uint8Array) =>
      (screen += Buffer.from(bytes).toString())) as never,
  )
  await eventually(async () => {
    await later.timeout(2000).emitWithAck('attach', { terminal: 1, cols: 80, rows: 24 } as never)
    return screen.includes('the-2nd-end')
  }, 20_000)
  expect(isAlive(shell.pid)).toBe(true)
  ada.leave()
  again.leave()
})

test('R-3 T-9 shells keep their process through kill -9 of up and the orchestrator; the next up takes the session over', async () => {
  const repl = await owner.create('adopted', 'python')
  const ada = await owner.start(repl.id)
  const shell = await shellOf(ada)
  const orchestrator = serverOf(product.pid, 'orchestrator')

  await product.kill()
  await eventually(() => !isAlive(orchestrator), 20_000)
  product = await startProduct({ data: product.data })
  owner = await Visitor.arrive(product.link)

  const again = await eventually(() => owner.enter(repl.id), 30_000)
  expect(isAlive(shell.pid)).toBe(true)
  const text = await again.edit('main.py')
  text.text.insert(0, '# after\n')
  await eventually(() => fileOf(repl.id, 'main.py').startsWith('# after'))
  again.leave()
})
