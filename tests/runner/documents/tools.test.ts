// Real tools write into files that somebody types in: git, sed, vim, Python, shells. What the tool wrote and what was typed
// afterwards are both there, once; what a tool threw away can be found in the log.
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { pino } from 'pino'
import type { DocumentEvent } from '../../../protocol/tree.ts'
import { watchWorkspace } from '../../../runner/workspace/watch.ts'
import { eventually } from '../../support/eventually.ts'
import { startSession, type Peer, type TestSession } from './session.ts'

const run = promisify(execFile)
const has = (program: string): boolean => spawnSync('which', [program]).status === 0

const lines = (word: string): string => Array.from({ length: 40 }, (_, i) => `${word} ${i}\n`).join('')

type Typing = {
  /** Resolves when so many more keys have been typed. */
  more(keys: number): Promise<void>
  /** Ends it; gives what was typed. */
  stop(): string[]
}
type Stage = TestSession & {
  page: Peer
  sh(script: string): Promise<void>
  /** Types one key every 100 ms until it is called off. */
  type(): Typing
  /** Waits until file, replica and page are one. */
  settled(): Promise<string>
}

/** A session that is watched, with `a.txt` open. */
async function stage(prepare: (sh: (script: string) => void) => void): Promise<Stage> {
  const session = await startSession()
  const cwd = session.folders.workspace
  const env = {
    ...process.env,
    HOME: cwd,
    GIT_CONFIG_GLOBAL: '/dev/null',
    EDITOR: 'true',
    GIT_EDITOR: 'true',
  }
  const now = (script: string): void =>
    void execFileSync('bash', ['-ec', script], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] })
  prepare(now)
  const watch = await watchWorkspace({
    root: cwd,
    log: pino({ level: 'silent' }),
    onChange: (paths) => void session.documents.changed(paths),
  })
  onTestFinished(() => watch.close())
  const page = await session.join('a.txt')
  return {
    ...session,
    page,
    sh: async (script) => void (await run('bash', ['-ec', script], { cwd, env, timeout: 10_000 })),
    type: () => typing(page),
    settled: async () => {
      await watch.sweep()
      const file = join(cwd, 'a.txt')
      await eventually(async () => {
        await session.documents.materialise('test').catch(() => undefined)
        const text = page.text.toString()
        return readFileSync(file, 'utf8') === text && page.document.text === text && !page.document.dirty
      })
      return page.text.toString()
    },
  }
}

let keys = 0
function typing(page: Peer): Typing {
  const typed: string[] = []
  const timer = setInterval(() => {
    const key = `«${(keys += 1)}»`
    const middle = page.text.toString().indexOf('\n', page.text.length / 2) + 1
    page.text.insert(middle, key)
    typed.push(key)
  }, 100)
  onTestFinished(() => clearInterval(timer))
  return {
    more: async (count) => {
      const enough = typed.length + count
      await eventually(() => typed.length >= enough)
    },
    stop: () => {
      clearInterval(timer)
      return typed
    },
  }
}

const git = `git init -q -b main . && git config user.email a@b.c && git config user.name ada`
const count = (text: string, what: string): number => text.split(what).length - 1
/** Everything typed of the document that the log still has. */
const inLog = ({ log, page }: Stage): string =>
  Buffer.concat(log.recordsOf(page.id, 0).map(({ payload }) => Buffer.from(payload))).toString()

async function twoBranches(): Promise<Stage> {
  return stage((sh) => {
    sh(`${git} && printf '%s' '${lines('main')}' > a.txt && git add . && git commit -qm main`)
    sh(`git checkout -qb other && printf '%s' '${lines('other')}' > a.txt && git commit -qam other`)
    sh('git checkout -q main')
  })
}

test('W-5 git checkout -f other while ada types: the other branch’s text and each later key once', async () => {
  const at = await twoBranches()
  const ada = at.type()
  await ada.more(3)
  await at.documents.materialise('git')
  const earlier = [...at.page.text.toString().matchAll(/«\d+»/g)].map(([key]) => key)
  await at.sh('git checkout -qf other')
  await eventually(() => at.page.text.toString().includes('other 39'))
  const before = at.page.text.toString()
  await ada.more(3)
  const typed = ada.stop()

  const text = await at.settled()
  expect(text.replaceAll(/«\d+»/g, '')).toBe(lines('other'))
  const later = typed.filter((key) => !before.includes(key) && !earlier.includes(key))
  expect(later.length).toBeGreaterThan(1)
  for (const key of later) expect(count(text, key)).toBe(1)
  for (const key of typed) expect(count(text, key)).toBeLessThanOrEqual(1)
  for (const key of earlier) expect(inLog(at)).toContain(key)
  expect(text).not.toContain('main')
})

test('W-5 stash, checkout, pop: the text ends as git says, and what was typed is there once', async () => {
  const at = await twoBranches()
  at.page.text.insert(0, 'ada before\n')
  await at.documents.materialise('git')
  await at.sh('git stash -q')
  await eventually(() => !at.page.text.toString().includes('ada before'))
  await at.sh('git checkout -q other && git checkout -q main && git stash pop -q')
  at.page.text.insert(at.page.text.length, 'ada after\n')

  expect(await at.settled()).toBe(`ada before\n${lines('main')}ada after\n`)
})

test('W-5 a rebase that rewrites an open file ends equal on disk and on the page', async () => {
  const at = await stage((sh) => {
    sh(
      `${git} && printf '%s' '${lines('base')}' > a.txt && git add . && git commit -qm base && git checkout -qb mine`,
    )
    for (const i of [1, 2, 3]) sh(`echo mine ${i} >> a.txt && git commit -qam mine${i}`)
    sh(
      `git checkout -q main && sed -i '1i upstream' a.txt && git commit -qam upstream && git checkout -q mine`,
    )
  })
  await at.sh('git rebase -q main')
  expect(await at.settled()).toBe(`upstream\n${lines('base')}mine 1\nmine 2\nmine 3\n`)
  at.page.text.insert(0, 'ada\n')
  expect(await at.settled()).toMatch(/^ada\nupstream\n/)
})

const python = (code: string): string => `python3 - <<'PY'\n${code}\nPY`
const tools: Record<string, { script: string; needs?: string }> = {
  'sed -i': { script: `sed -i 's/^word 7$/tool 7/' a.txt` },
  'an in-place writer': {
    needs: 'python3',
    script: python(
      `f=open('a.txt','r+'); t=f.read(); f.seek(0); f.write(t.replace('word 7\\n','tool 7\\n')); f.truncate(); f.close()`,
    ),
  },
  'a writer that truncates first': {
    needs: 'python3',
    script: python(
      `import time; t=open('a.txt').read(); f=open('a.txt','w'); f.flush(); time.sleep(0.02); f.write(t.replace('word 7\\n','tool 7\\n')); f.close()`,
    ),
  },
  'a saver that renames': { script: `sed 's/^word 7$/tool 7/' a.txt > .a.new && mv -f .a.new a.txt` },
  'a saver that keeps a backup': {
    script: `sed 's/^word 7$/tool 7/' a.txt > .a.new && mv a.txt a.txt~ && mv .a.new a.txt`,
  },
  'a saver that removes first': {
    script: `sed 's/^word 7$/tool 7/' a.txt > .a.new && rm a.txt && cp .a.new a.txt`,
  },
  'an appender': { script: `for i in 1 2 3 4 5; do echo tool 7 >> a.txt; sleep 0.02; done` },
  // It asks whether to write when the file changed since it read it.
  vim: { needs: 'vim', script: `yes y | vim -es -u NONE -N -c '%s/^word 7$/tool 7/' -c wq! a.txt` },
}

for (const [name, { script, needs }] of Object.entries(tools))
  test.runIf(needs === undefined || has(needs))(
    `W-5 W-8 ${name} writes while ada types: both are there, each key once, in the same document`,
    async () => {
      const at = await stage((sh) => sh(`printf '%s' '${lines('word')}' > a.txt`))
      const events: DocumentEvent[] = []
      at.documents.onEvent((event) => events.push(event))
      const ada = at.type()
      await ada.more(2)
      await at.documents.materialise('tool')
      await at.sh(script)
      await eventually(() => at.page.text.toString().includes('tool 7'))
      await ada.more(2)
      const typed = ada.stop()

      const text = await at.settled()
      const plain = text.replaceAll(/«\d+»/g, '')
      if (name === 'an appender') expect(plain).toBe(`${lines('word')}${'tool 7\n'.repeat(5)}`)
      else expect(plain).toBe(lines('word').replace('word 7\n', 'tool 7\n'))
      for (const key of typed) expect(inLog(at)).toContain(key)
      for (const key of typed) expect(count(text, key)).toBeLessThanOrEqual(1)
      // What was typed after the tool had read the file is never lost; before that a tool may have thrown it away.
      expect(typed.filter((key) => text.includes(key)).length).toBeGreaterThanOrEqual(typed.length - 2)
      expect(await at.documents.open('a.txt')).toMatchObject({ doc: at.page.id, epoch: at.page.epoch })
      expect(events.filter(({ kind }) => kind === 'gone')).toEqual([])
    },
  )
