// The main job without a browser: two people through the real front door into a real session, and everything back after a stop.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { picture, workspaceIn } from '../support/picture.ts'
import { ownedProduct } from '../support/owned-product.ts'
import { Visitor } from '../support/visitor.ts'

const here = ownedProduct()

const workspaceOf = (repl: string): string => workspaceIn(here.product.data, repl)

test('C-7 W-4 T-1 two people write and run a program in one REPL', async () => {
  const repl = await here.owner.create('two sum', 'python')
  const ada = await here.owner.start(repl.id)
  const invite = await here.owner.invite(repl.id, 'editor')
  const grace = await (await Visitor.arrive(invite, { name: 'Grace' })).enter(repl.id)
  const a = await ada.edit('main.py')
  const b = await grace.edit('main.py')

  a.doc.transact(() => {
    a.text.delete(0, a.text.length)
    a.text.insert(0, "print('ada')\n")
  })
  await eventually(() => b.text.toString() === "print('ada')\n")
  b.text.insert(b.text.length, "print('grace')\n")
  await eventually(() => a.text.toString().includes('grace'))
  await eventually(
    () => readFileSync(join(workspaceOf(repl.id), 'main.py'), 'utf8') === "print('ada')\nprint('grace')\n",
  )

  const seen = { ada: '', grace: '' }
  const shell = ada.terminals()
  const watch = grace.terminals()
  const { terminal } = (await shell
    .timeout(10_000)
    .emitWithAck('open', { cols: 80, rows: 24 } as never)) as unknown as { terminal: number }
  for (const [who, socket] of [
    ['ada', shell],
    ['grace', watch],
  ] as const) {
    socket.on(
      'out',
      ((_terminal: number, _offset: number, bytes: Uint8Array) =>
        (seen[who] += Buffer.from(bytes).toString())) as never,
    )
    socket.on(
      'snap',
      ((_screen: object, bytes: Uint8Array) => (seen[who] = Buffer.from(bytes).toString())) as never,
    )
    await socket.timeout(10_000).emitWithAck('attach', { terminal, cols: 80, rows: 24 } as never)
  }
  shell.emit('in', { terminal } as never, Buffer.from('python3 main.py\r') as never)
  await eventually(() => [seen.ada, seen.grace].every((screen) => /ada\r\ngrace\r\n/.test(screen)))
  watch.emit('in', { terminal } as never, Buffer.from('echo from-$((40+2))\r') as never)
  await eventually(() => [seen.ada, seen.grace].every((screen) => screen.includes('from-42')))

  ada.leave()
  grace.leave()
})

test('R-8 after a stop, with the workspace removed by hand, a start brings everything back: same files, same epoch', async () => {
  const repl = await here.owner.create('everything back', 'node')
  const ada = await here.owner.start(repl.id)
  const tree = ada.tree()
  const open = async (): Promise<{ epoch: string; doc: string }> => {
    const answer = (await tree
      .timeout(10_000)
      .emitWithAck('open', { path: 'index.js' } as never)) as unknown as {
      opened: { epoch: string; doc: string }
    }
    return answer.opened
  }
  const before = await open()
  const a = await ada.edit('index.js')
  a.text.insert(0, '// kept\n')
  const workspace = workspaceOf(repl.id)
  execFileSync(
    'bash',
    [
      '-c',
      'mkdir -p deep/er "sp ace"; printf "a\\r\\nb" > deep/er/crlf.txt; head -c 3000000 /dev/urandom > big.bin; printf "#!/bin/sh\\n" > run.sh; chmod 750 run.sh; ln -s deep/er/crlf.txt link; ln -s /etc/hostname out; : > empty; touch -d @1234567890.123456789 empty',
    ],
    { cwd: workspace },
  )
  await eventually(() => readFileSync(join(workspace, 'index.js'), 'utf8').startsWith('// kept'))
  const picturedBefore = picture(workspace)
  ada.leave()
  await here.owner.post(`/repl/${repl.id}/stop`)
  await eventually(() => !existsSync(workspace), 30_000)
  rmSync(workspace, { recursive: true, force: true })

  const again = await here.owner.start(repl.id)
  expect(picture(workspaceOf(repl.id))).toEqual(picturedBefore)
  const after = (await again
    .tree()
    .timeout(10_000)
    .emitWithAck('open', { path: 'index.js' } as never)) as unknown as {
    opened: { epoch: string; doc: string }
  }
  expect(after.opened).toMatchObject({ epoch: before.epoch, doc: before.doc })
  const text = await again.edit('index.js')
  expect(text.text.toString().startsWith('// kept\n')).toBe(true)
  again.leave()
})
