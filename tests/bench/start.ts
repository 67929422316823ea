// Starts: `npm start` of a built checkout until its link is printed, and a repl's start until a prompt can be typed at.
import { startProduct } from '../support/product.ts'
import type { Product } from '../support/product.ts'
import { Visitor } from '../support/visitor.ts'
import { quantile } from './figures.ts'
import type { Line } from './figures.ts'

const rounds = 20

/** Milliseconds from pressing start until the shell of a new terminal has shown its prompt. */
async function startToPrompt(owner: Visitor, repl: string): Promise<number> {
  const begun = performance.now()
  const inhabitant = await owner.start(repl)
  const terminals = inhabitant.terminals()
  const prompted = new Promise<void>((resolve) => {
    terminals.on('out', () => resolve())
    terminals.on('snap', (_screen: unknown, bytes: Uint8Array) => void (bytes.length > 0 && resolve()))
  })
  const answer = (await terminals.timeout(10_000).emitWithAck('open', { cols: 80, rows: 24 } as never)) as {
    terminal: number
  }
  await terminals
    .timeout(10_000)
    .emitWithAck('attach', { terminal: answer.terminal, cols: 80, rows: 24 } as never)
  await prompted
  const took = performance.now() - begun
  inhabitant.leave()
  return took
}

async function repls(product: Product): Promise<number[]> {
  const owner = await Visitor.arrive(product.link)
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const repl = await owner.create(`bench ${i}`, 'python')
    times.push(await startToPrompt(owner, repl.id))
    await owner.post(`/repl/${repl.id}/stop`)
  }
  return times
}

export async function measureStart(): Promise<Line[]> {
  const starts: number[] = []
  for (let i = 0; i < 4; i++) {
    const product = await startProduct()
    starts.push(product.startMs)
    await product.stop()
    product.clean()
  }
  const product = await startProduct()
  const prompts = await repls(product)
  await product.stop()
  product.clean()
  return [
    {
      name: 'npm start of a built checkout to the link, slowest of 4',
      value: Math.max(...starts) / 1000,
      unit: 's',
      target: 4,
    },
    { name: 'start to usable prompt, p50', value: quantile(prompts, 0.5) / 1000, unit: 's', target: 1.5 },
    { name: 'start to usable prompt, p95', value: quantile(prompts, 0.95) / 1000, unit: 's', target: 1.5 },
  ]
}
