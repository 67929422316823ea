// The Enter story, told by the journey and by the soak: a page edits a file and at once runs it, again and again; old text never runs.
import { openPage, type PageCore, type Shell } from '../app/page-core.ts'
import type { OpenDocument } from '../../app/ide/editor/document.ts'
import { longWay } from '../support/delay.ts'
import { eventually } from '../support/eventually.ts'
import type { Product } from '../support/product.ts'
import { Visitor } from '../support/visitor.ts'

export type EnterPlan = {
  product: Product
  owner: Visitor
  rounds: number
  /** Milliseconds that every byte to and from the relay is held; the terminal goes the short way. */
  delayMs: number
  random: (below: number) => number
  /** Told after each round. */
  passed?: (round: number) => void
}

type Way = { path: string; text: (value: number) => string; command: string }

const note: Way = { path: 'x.txt', text: (value) => `value ${value}\n`, command: 'cat x.txt' }
const program: Way = {
  path: 'main.py',
  text: (value) => `print('value', ${value})\n`,
  command: 'python3 main.py',
}
const ways = [note, program]

/** One round of this many runs the program, the others only read the text: starting python is slow. */
const runEvery = 4

/** Edits and runs; throws with what was seen the first time that something else ran than what was typed. */
export async function neverRunsOldText(plan: EnterPlan): Promise<void> {
  const { page, close } = await comeIn(plan)
  try {
    const documents = await Promise.all(ways.map((way) => withOldText(page, way)))
    const shell = await page.shell()
    shell.type(`PS1='> '; echo rea''dy\r`)
    await eventually(() => shell.text().includes('ready\r\n> '))
    for (let round = 0; round < plan.rounds; round++) {
      const which = round % runEvery === runEvery - 1 ? 1 : 0
      const [way, document] = [ways[which], documents[which]]
      if (way === undefined || document === undefined) throw new Error('no such way')
      await oneRound({ ...plan, page, shell, document, way }, round)
      plan.passed?.(round + 1)
    }
    if (page.refusals.length > 0) throw new Error(`refused: ${page.refusals.join(' | ')}`)
  } finally {
    await close()
  }
}

/** Presses Run right after an edit, again and again. */
export async function runNeverRunsOldText(plan: EnterPlan): Promise<void> {
  const { page, close } = await comeIn(plan)
  try {
    const document = await withOldText(page, program)
    for (let round = 0; round < plan.rounds; round++) {
      const value = 1 + plan.random(1e9)
      rewrite(document, program.text(value))
      const shown = page.watch(await page.terminals.start())
      const seen = await shownValue(shown, 0)
      if (seen !== value) throw new Error(`round ${round}: Run ran ${seen} instead of ${value}`)
      await eventually(() => page.terminals.run.get()?.phase === 'idle')
      plan.passed?.(round + 1)
    }
  } finally {
    await close()
  }
}

async function comeIn({
  product,
  owner,
  delayMs,
}: EnterPlan): Promise<{ page: PageCore; close(): Promise<void> }> {
  const repl = await owner.create('enter', 'python')
  ;(await owner.start(repl.id)).leave()
  const door = { host: '127.0.0.1', port: Number(new URL(product.url).port) }
  const way = delayMs > 0 ? await longWay(door, delayMs) : null
  const page = await openPage({
    ask: async () => (await owner.enter(repl.id)).doors,
    ...(way === null ? {} : { relayPort: way.port }),
  })
  await page.files.create('x.txt', 'file')
  return {
    page,
    close: async () => {
      page.leave()
      await way?.close()
      await owner.post(`/repl/${repl.id}/stop`)
    },
  }
}

type Round = EnterPlan & { page: PageCore; shell: Shell; document: OpenDocument; way: Way }

async function oneRound({ random, shell, document, way }: Round, round: number): Promise<void> {
  const value = 1 + random(1e9)
  const from = shell.text().length
  rewrite(document, way.text(value))
  // In one message as a paste, or key by key as a person: Enter is held in both.
  if (random(2) === 0) shell.type(`${way.command}\r`)
  else for (const key of `${way.command}\r`) shell.type(key)
  const seen = await shownValue(shell, from)
  if (seen !== value) throw new Error(`round ${round}: ${way.command} showed ${seen} instead of ${value}`)
  await eventually(() => shell.text().endsWith('> '))
}

/** Opens a file whose old text has a value already: what runs too early shows that one. */
async function withOldText(page: PageCore, { path, text }: Way): Promise<OpenDocument> {
  const document = await page.edit(path)
  rewrite(document, text(0))
  await eventually(() => document.facts.get().waiting.unsaved === 0)
  return document
}

function rewrite(document: OpenDocument, text: string): void {
  document.doc.transact(() => {
    document.text.delete(0, document.text.length)
    document.text.insert(0, text)
  })
}

/** The first value shown after `from`. */
async function shownValue(shell: Shell, from: number): Promise<number> {
  const shown = await eventually(
    () => /value (\d+)\D/.exec(shell.text().slice(from))?.[1] ?? errorIn(shell.text().slice(from)),
  )
  if (shown.startsWith('error')) throw new Error(shown)
  return Number(shown)
}

/** What a program says when it met no text at all, or half of one. */
function errorIn(output: string): string | null {
  return /Error|No such file/.test(output) ? `error: ${output.slice(-300)}` : null
}
