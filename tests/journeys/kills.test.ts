// kill -9 of our own processes while people work: shells keep their process, typing goes on, nothing is lost or doubled.
import { readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { isAlive, outerPid, programOf, serverOf, slay } from '../support/processes.ts'
import { ownedProduct } from '../support/owned-product.ts'
import { startProduct } from '../support/product.ts'
import { Visitor } from '../support/visitor.ts'
import type { Inhabitant } from '../support/visitor.ts'

const here = ownedProduct()

type Recorded = {
  type: (line: string) => void
  seen: () => string
  /** Offset of the byte that comes next. */
  next: () => number
  /** Offset of the first place where this was printed. */
  offsetOf: (text: string) => number
  gaps: string[]
}

/** Watches a terminal from now on; every piece of output must begin where the last one, or the last picture, ended. */
async function watch(inhabitant: Inhabitant, terminal: number, from?: number): Promise<Recorded> {
  const socket = inhabitant.terminals()
  /** Output without a picture in between: its first offset, and its bytes as latin1. */
  const runs = [{ at: from ?? 0, text: '' }]
  const gaps: string[] = []
  const last = () => runs.at(-1) ?? { at: 0, text: '' }
  const next = (): number => last().at + last().text.length
  const ack = (): void => void socket.emit('ack', { terminal, offset: next() } as never)
  socket.on('snap', (({ offset }: { offset: number }) => {
    runs.push({ at: offset, text: '' })
    // As every page does: after a picture that was never painted nothing comes.
    ack()
  }) as never)
  socket.on('out', ((_terminal: number, offset: number, bytes: Uint8Array) => {
    if (offset !== next()) gaps.push(`${offset} after ${next()}`)
    last().text += Buffer.from(bytes).toString('latin1')
    ack()
  }) as never)
  const request = { terminal, cols: 80, rows: 24, ...(from === undefined ? {} : { from }) }
  await socket.timeout(10_000).emitWithAck('attach', request as never)
  const type = (line: string): void =>
    void socket.emit('in', { terminal } as never, Buffer.from(`${line}\r`) as never)
  const offsetOf = (text: string): number => {
    const run = runs.find((one) => one.text.includes(text))
    if (run === undefined) throw new Error(`${text} was not seen`)
    return run.at + run.text.indexOf(text)
  }
  return { type, seen: () => runs.map(({ text }) => text).join(''), next, offsetOf, gaps }
}

/** A new terminal, watched from its first byte, and its shell's process id as this machine counts. */
async function shellOf(
  repl: string,
  inhabitant: Inhabitant,
): Promise<Recorded & { terminal: number; pid: number }> {
  const opened: unknown = await inhabitant
    .terminals()
    .timeout(10_000)
    .emitWithAck('open', { cols: 80, rows: 24 } as never)
  const { terminal } = opened as { terminal: number }
  const shell = await watch(inhabitant, terminal, 0)
  shell.type('echo pid=$$.')
  const inner = Number(await eventually(() => /pid=(\d+)\./.exec(shell.seen())?.[1]))
  const pid = await eventually(() => outerPid(programOf(repl, 'box'), inner))
  return { ...shell, terminal, pid }
}

function fileOf(repl: string, name: string): string {
  const found = execFileSync('find', [here.product.data, '-path', `*${repl}*`, '-name', name], {
    encoding: 'utf8',
  })
  return readFileSync(found.split('\n')[0] ?? '', 'utf8')
}

/** How long a runner is away, in milliseconds. */
const awayMs = 3_000

test('R-9 C-5 typing goes on through kill -9 of relay, runner and orchestrator: every edit is there once', async () => {
  const repl = await here.owner.create('kills', 'python')
  const ada = await here.owner.start(repl.id)
  const a = await ada.edit('main.py')
  const b = await (await here.owner.enter(repl.id)).edit('main.py')
  const shell = await shellOf(repl.id, ada)
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
    () => slay(serverOf(here.product.pid, 'collab-server')),
    () => slay(programOf(repl.id, 'runner')),
    () => slay(serverOf(here.product.pid, 'orchestrator')),
    () => slay(serverOf(here.product.pid, 'front-door')),
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

test('T-9 T-1 a shell keeps its process and every byte of 5 MB while its runner is away for three seconds', async () => {
  const repl = await here.owner.create('shells', 'python')
  const ada = await here.owner.start(repl.id)
  const shell = await shellOf(repl.id, ada)
  // 480,000 lines of 11 bytes in three seconds and a little; then it waits for a line, so that what follows has an offset.
  shell.type(
    'stty -onlcr -echo; for i in $(seq 0 29); do seq -f %010.0f $((i*16000)) $((i*16000+15999)); sleep 0.1; done; read; printf the-%s end',
  )
  await eventually(() => shell.seen().includes('0000001000\n'), 20_000)
  const orchestrator = serverOf(here.product.pid, 'orchestrator')
  // Nobody starts the runner again before we say so.
  process.kill(orchestrator, 'SIGSTOP')
  await slay(programOf(repl.id, 'runner'))
  await new Promise((resume) => setTimeout(resume, awayMs))
  process.kill(orchestrator, 'SIGCONT')
  const begun = shell.offsetOf('0000000000\n')

  const again = await eventually(() => here.owner.enter(repl.id), 20_000)
  const later = await eventually(() => watch(again, shell.terminal, shell.next()), 60_000)
  await eventually(() => later.next() === begun + 480_000 * 11, 60_000)
  later.type('')
  await eventually(() => later.seen().includes('the-end'))

  expect(later.offsetOf('the-end')).toBe(begun + 480_000 * 11)
  expect([shell.gaps, later.gaps]).toEqual([[], []])
  expect(isAlive(shell.pid)).toBe(true)
  ada.leave()
  again.leave()
}, 180_000)

test('R-3 T-9 shells keep their process through kill -9 of up and the orchestrator; the next up takes the session over', async () => {
  const repl = await here.owner.create('adopted', 'python')
  const ada = await here.owner.start(repl.id)
  const shell = await shellOf(repl.id, ada)
  const orchestrator = serverOf(here.product.pid, 'orchestrator')
  shell.type(
    'stty -onlcr -echo; for i in $(seq 1 30); do seq 1000 1999; sleep 0.1; done; read; printf the-%s end',
  )
  await eventually(() => shell.seen().includes('1999\n1000\n'))

  await here.product.kill()
  await eventually(() => !isAlive(orchestrator), 20_000)
  here.product = await startProduct({ data: here.product.data })
  here.owner = await Visitor.arrive(here.product.link)

  const again = await eventually(() => here.owner.enter(repl.id), 30_000)
  const begun = shell.offsetOf('1000\n')
  const later = await watch(again, shell.terminal, shell.next())
  await eventually(() => later.next() === begun + 30_000 * 5, 20_000)
  later.type('')
  await eventually(() => later.seen().includes('the-end'))
  expect([shell.gaps, later.gaps]).toEqual([[], []])
  expect(isAlive(shell.pid)).toBe(true)
  const text = await again.edit('main.py')
  text.text.insert(0, '# after\n')
  await eventually(() => fileOf(repl.id, 'main.py').startsWith('# after'))
  again.leave()
})
