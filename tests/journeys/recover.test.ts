// A sandbox lost in one instant with everything in it, while people type: the whole product brings it back by itself, with every
// line that was two seconds old and every file that was thirty.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { programOf } from '../support/processes.ts'
import { ownedProduct } from '../support/owned-product.ts'
import type { Inhabitant } from '../support/visitor.ts'

/** What may be lost with a sandbox, in milliseconds. */
const promised = { textMs: 2_000, filesMs: 30_000 }

const here = ownedProduct()

const sandbox = (repl: string) => join(here.product.data, 'sandboxes', repl)
const workspace = (repl: string) => join(sandbox(repl), 'work', 'workspace')

/** Both programs, what stands around them, and every folder of the sandbox, in one instant. */
function lose(repl: string): void {
  const known = JSON.parse(readFileSync(join(sandbox(repl), 'processes.json'), 'utf8')) as Record<
    'runner' | 'box',
    { pid: number }
  >
  const outer = [known.runner.pid, known.box.pid]
  for (const pid of [programOf(repl, 'runner'), programOf(repl, 'box'), ...outer])
    process.kill(pid, 'SIGSTOP')
  rmSync(sandbox(repl), { recursive: true })
  for (const pid of outer) process.kill(pid, 'SIGKILL')
}

/** Types a line every 50 ms; when each was typed is known. */
function typist(text: { insert(at: number, content: string): void }) {
  const typed: { line: string; at: number }[] = []
  const typing = setInterval(() => {
    const line = `line-${typed.length}`
    typed.push({ line, at: Date.now() })
    text.insert(0, `${line}\n`)
  }, 50)
  return { typed, stop: () => clearInterval(typing) }
}

/** As another person's fresh page would: through new doors, of the next generation. */
async function enterAgain(repl: string, generation: number): Promise<Inhabitant> {
  return eventually(async () => {
    const inside = await here.owner.enter(repl)
    return inside.doors.generation === generation ? inside : undefined
  }, 60_000)
}

test('F-6 F-7 F-8 F-9 C-11 a sandbox lost while somebody types: text up to 2 s before is there once, files up to 30 s before', async () => {
  const repl = await here.owner.create('lost and found', 'python')
  const ada = await here.owner.start(repl.id)
  const page = await ada.edit('main.py')
  const files: { name: string; at: number }[] = []
  const hand = typist(page.text)
  // A program that writes a file now and then.
  const writing = setInterval(() => {
    const name = `made-${files.length}.txt`
    writeFileSync(join(workspace(repl.id), name), name)
    files.push({ name, at: Date.now() })
  }, 1_000)
  await wait(promised.filesMs + 5_000)

  clearInterval(writing)
  hand.stop()
  // The pages die in the same instant: what they have does not help.
  ada.leave()
  const lostAt = Date.now()
  lose(repl.id)

  const again = await enterAgain(repl.id, 2)
  const { text } = await again.edit('main.py')
  const lines = text.toString().split('\n')
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  const due = hand.typed.filter(({ at }) => at < lostAt - promised.textMs)
  expect(due.length).toBeGreaterThan(200)
  expect(due.filter(({ line }) => counts.get(line) !== 1)).toEqual([])
  const kept = hand.typed.filter(({ line }) => counts.has(line))
  const seen = hand.typed.slice(0, kept.length)
  // What is there is a beginning of what was typed: nothing in the middle is missing, and nothing came twice.
  expect(kept).toEqual(seen)
  expect(lines.filter((line) => line.startsWith('line-'))).toHaveLength(kept.length)

  const dueFiles = files.filter(({ at }) => at < lostAt - promised.filesMs)
  expect(dueFiles.length).toBeGreaterThan(2)
  const there = readdirSync(workspace(repl.id))
  expect(dueFiles.filter(({ name }) => !there.includes(name))).toEqual([])
  // The document won over its file, which was older.
  await eventually(() => readFileSync(join(workspace(repl.id), 'main.py'), 'utf8') === text.toString())
  console.log(
    `lost: ${hand.typed.length - kept.length} of ${hand.typed.length} lines, ${files.length - there.filter((name) => name.startsWith('made-')).length} of ${files.length} files`,
  )

  // And it goes on: edits are taken, and a stop backs everything up.
  text.insert(0, 'after\n')
  await eventually(() => readFileSync(join(workspace(repl.id), 'main.py'), 'utf8').startsWith('after\n'))
  again.leave()
  await here.owner.post(`/repl/${repl.id}/stop`)
  await eventually(() => !existsSync(workspace(repl.id)), 60_000)
  const store = execFileSync('find', [join(here.product.data, 'objects'), '-name', 'HEAD.json'], {
    encoding: 'utf8',
  })
  expect(JSON.parse(readFileSync(store.trim(), 'utf8'))).toMatchObject({ generation: 2 })
})
