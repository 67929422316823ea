// The whole product started by somebody who is not root: which isolation they get, and that a session lives, ends and comes back in it.
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { execFileSync, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startProduct } from '../support/product.ts'
import type { Product } from '../support/product.ts'
import { Visitor } from '../support/visitor.ts'
import type { Inhabitant } from '../support/visitor.ts'

/** A number that belongs to nobody here, and to no REPL. */
const uid = 64_913
const size = { cols: 80, rows: 24 }
const as = ['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--']
const outside = 'https://registry.npmjs.org/left-pad'

/** Why it cannot be tried here, and what would let it; null when it can. */
function lack(): string | null {
  if (process.getuid?.() !== 0) return 'only root can start it as somebody else: run the tests as root'
  const root = join(import.meta.dirname, '../..')
  const [command = '', ...args] = [
    ...as,
    process.execPath,
    '-p',
    `require('fs').readdirSync(${JSON.stringify(root)}).length`,
  ]
  const tried = spawnSync(command, args, { encoding: 'utf8' })
  return tried.status === 0 ? null : `others may not read ${root}: chmod o+rx on it and the folders above`
}

const why = lack()
if (why !== null) process.stdout.write(`an ordinary user is not tried: ${why}\n`)

let folder: string
let product: Product
let owner: Visitor

beforeAll(async () => {
  if (why !== null) return
  folder = mkdtempSync(join(tmpdir(), 'dvx-user-'))
  for (const path of ['', 'home', 'tmp', 'data']) {
    mkdirSync(join(folder, path), { recursive: true })
    chownSync(join(folder, path), uid, uid)
  }
  const env = [
    'env',
    '-i',
    `HOME=${join(folder, 'home')}`,
    `TMPDIR=${join(folder, 'tmp')}`,
    `PATH=${process.env['PATH']}`,
  ]
  product = await startProduct({ data: join(folder, 'data'), within: () => [...as, ...env] })
  owner = await Visitor.arrive(product.link)
})

afterAll(async () => {
  if (why !== null) return
  await product.stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})

/** What a command prints in a terminal of its own, up to its end. */
async function ran(ada: Inhabitant, command: string): Promise<string> {
  const socket = ada.terminals()
  let output = ''
  socket.on('out', (_terminal, _offset, bytes) => void (output += Buffer.from(bytes).toString()))
  socket.on('snap', (_at, bytes) => void (output += Buffer.from(bytes).toString()))
  const terminal = await new Promise<number>((done, fail) => {
    socket.emit('open', size, (answer) =>
      answer.ok ? done(answer.terminal) : fail(new Error(answer.error.say)),
    )
  })
  await new Promise((done) => socket.emit('attach', { terminal, ...size }, done))
  socket.emit('in', { terminal }, Buffer.from(`${command}; echo the"" end\n`))
  await eventually(() => output.includes('the end') || Promise.reject(new Error(output.slice(-400))), 30_000)
  return output
}

const phaseOf = async (repl: string) => (await owner.repls()).find(({ id }) => id === repl)?.phase

test.skipIf(why !== null)(
  'S-1 S-2 S-4 an ordinary user gets an isolated session with python and its network, which stops, and starts with its files',
  async () => {
    const repl = await owner.create('mine', 'python')
    const ada = await owner.start(repl.id, 60_000)

    expect(ada.doors.level).toBe('bwrap+net')
    const seen = await ran(
      ada,
      "python3 -c \"print(6*7, open('kept.txt','w').write('kept'))\"; id -u; ls /home /state",
    )
    for (const words of ['42 4', '1000', 'user', "'/state': No such file"]) expect(seen).toContain(words)
    const net = await ran(ada, `curl -sS -m 20 -o /dev/null -w "%{http_code}\\n" ${outside} || true`)
    const internet = await fetch(outside, { signal: AbortSignal.timeout(5_000) }).then(
      () => true,
      () => false,
    )
    if (internet) expect(net).toContain('200')
    else process.stdout.write(`the internet is not tried: ${outside} does not answer here\n`)

    ada.leave()
    await owner.post(`/repl/${repl.id}/stop`)
    await eventually(async () => (await phaseOf(repl.id)) === 'STOPPED', 40_000)
    expect(processesOf(repl.id)).toEqual([])
    const again = await owner.start(repl.id, 60_000)
    expect(await ran(again, 'cat kept.txt')).toContain('kept')
    again.leave()
  },
)

test.skipIf(why !== null)(
  'S-1 nothing of an ordinary user’s product is seen in a box, and nothing of it can be altered there',
  async () => {
    const repl = await owner.create('caged', 'python')
    const ada = await owner.start(repl.id, 60_000)

    const seen = await ran(
      ada,
      `ls ${folder} ${process.cwd()}; cat ${join(folder, 'data', 'keys', 'secrets.json')}; touch /etc/x`,
    )

    expect(seen.match(/No such file/g)).toHaveLength(3)
    expect(seen).toContain('Read-only')
    const secret = readFileSync(join(folder, 'data', 'keys', 'secrets.json'), 'utf8')
    expect(await ran(ada, 'cat /proc/*/environ | tr "\\\\0" " "')).not.toContain(secret.slice(20, 60))
    ada.leave()
  },
)

function processesOf(repl: string): string[] {
  const lines = execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(repl))
}
