// Starts: `npm start` of a built checkout until its link is printed, and a repl's start until a prompt can be typed at.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Use } from '../../protocol/repl.ts'
import { offeredLevels } from '../exams/cage-rig.ts'
import { eventually } from '../support/eventually.ts'
import { startProduct } from '../support/product.ts'
import type { Product } from '../support/product.ts'
import { Visitor } from '../support/visitor.ts'
import { quantile, sleep } from './figures.ts'
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

/** Milliseconds of rest after which a repl counts as idle. */
const idleMs = 5_000

/** Megabytes that all processes of an idle repl take, as the API tells them, and its isolation level. */
async function idle(product: Product, owner: Visitor): Promise<{ level: string; megabytes: number }> {
  const repl = await owner.create('idle', 'python')
  const ada = await owner.start(repl.id)
  const { level, person } = ada.doors
  ada.leave()
  await sleep(idleMs)
  const { ports } = Running.parse(JSON.parse(readFileSync(join(product.data, 'running.json'), 'utf8')))
  const { service } = Secrets.parse(JSON.parse(readFileSync(join(product.data, 'keys/secrets.json'), 'utf8')))
  const answer = await fetch(`http://127.0.0.1:${ports.orchestrator}/v1/repls/${repl.id}/use`, {
    headers: { authorization: `Bearer ${service}`, 'x-devex-person': person.id },
  })
  const { use } = z.object({ use: Use }).parse(await answer.json())
  return { level, megabytes: use.memoryBytes / 1e6 }
}

const Running = z.object({ ports: z.object({ orchestrator: z.number() }) })
const Secrets = z.object({ service: z.string() })

async function repls(owner: Visitor): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const repl = await owner.create(`bench ${i}`, 'python')
    times.push(await startToPrompt(owner, repl.id))
    await owner.post(`/repl/${repl.id}/stop`)
    // A backup that is still under way would be measured with the next start.
    await eventually(async () => (await owner.repls()).every(({ phase }) => phase === 'STOPPED'), 30_000)
  }
  return times
}

/** Milliseconds in which the machine is asked what isolation it offers. */
async function probes(): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const begun = performance.now()
    await offeredLevels()
    times.push(performance.now() - begun)
  }
  return times
}

export async function measureStart(): Promise<Line[]> {
  const probed = await probes()
  const starts: number[] = []
  for (let i = 0; i < 4; i++) {
    const product = await startProduct()
    starts.push(product.startMs)
    await product.stop()
    product.clean()
  }
  const product = await startProduct()
  const owner = await Visitor.arrive(product.link)
  const prompts = await repls(owner)
  const { level, megabytes } = await idle(product, owner)
  await product.stop()
  product.clean()
  return [
    {
      name: 'npm start of a built checkout to the link, slowest of 4',
      value: Math.max(...starts) / 1000,
      unit: 's',
      target: 4,
    },
    { name: 'probe of the isolation, p50', value: quantile(probed, 0.5), unit: 'ms', target: 100 },
    {
      name: `start to usable prompt, ${level}, p50`,
      value: quantile(prompts, 0.5),
      unit: 'ms',
      target: 600,
    },
    {
      name: `start to usable prompt, ${level}, p95`,
      value: quantile(prompts, 0.95),
      unit: 'ms',
      target: 600,
    },
    { name: 'idle REPL, all its processes, PSS', value: megabytes, unit: 'MB', target: 100 },
  ]
}
