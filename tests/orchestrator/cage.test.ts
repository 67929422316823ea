// Escapes from a real box, at every level that this machine offers: what a person's program may try, and must not get.
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { identify } from '../../orchestrator/process-identity.ts'
import { boxPrograms, CageRig, type Caged, offeredLevels } from '../exams/cage-rig.ts'
import { eventually } from '../support/eventually.ts'
import {
  abstractEscapes,
  callEscapes,
  connectEscapes,
  type Escape,
  fileEscapes,
  neighbourEscapes,
  scriptOf,
  unexpected,
} from './cage-escapes.ts'

const levels = (await offeredLevels()).filter((level) => level !== 'process')
let programs: Awaited<ReturnType<typeof boxPrograms>>
beforeAll(async () => void (programs = await boxPrograms()))
afterAll(() => programs.remove())

describe.each(levels)('isolation %s', { timeout: 90_000 }, (level) => {
  let rig: CageRig
  let a: Caged
  beforeAll(async () => {
    rig = await CageRig.open(level, programs.folder)
    a = await rig.session()
  })
  afterAll(async () => {
    await a.release()
    await rig.close()
  })

  async function tried(escapes: Escape[]): Promise<string[]> {
    await writeFile(join(a.folders.workspace, 'escapes.sh'), scriptOf(escapes), { mode: 0o644 })
    const { output } = await a.client.run('bash /workspace/escapes.sh', 60_000)
    return unexpected(escapes, output)
  }

  test('S-1 files of ours, of the system and of other REPLs cannot be read or changed; no call of the kernel helps', async () => {
    const b = await rig.session()
    const hidden = [rig.folder, rig.data, b.folders.workspace, join(rig.folder, 'run'), import.meta.dirname]

    expect(await tried([...fileEscapes(hidden), ...callEscapes(process.arch)])).toEqual([])

    await b.release()
  })

  test('S-1 the processes around a program give it nothing that it has not', async () => {
    expect(await tried(neighbourEscapes())).toEqual([])
  })

  test('S-1 sockets of this machine that have no path are out of reach', async () => {
    let reached = 0
    const name = `devex-test-${process.pid}-${level}`
    const here = createServer(() => void reached++)
    await new Promise<void>((listening) => here.listen(`\0${name}`, listening))

    expect(await tried(abstractEscapes([name]))).toEqual([])

    expect(reached).toBe(0)
    await new Promise((closed) => here.close(closed))
  })

  test('S-3 no file of a box is larger than what a backup can take, hole or not', async () => {
    const { output } = await a.run('truncate -s 500G hole; stat -c size=%s hole; rm -f hole')

    expect(output).toContain('size=0')
  })

  test('S-1 a shell has the variables of the list, its terminal and nothing else of ours', async () => {
    const { output } = await a.run(
      'env -0 | tr "\\0" "\\n" | cut -d= -f1 | sort | tr "\\n" " "; echo -n "|"; ls /proc/self/fd | tr "\\n" " "',
    )

    const names = 'COLORTERM DEVEX_BOX DEVEX_REPL HOME LANG PATH PWD SHELL SHLVL TERM _'.split(' ')
    const proxy = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'https_proxy', 'http_proxy', 'no_proxy']
    const expected = level === 'bwrap' ? [...names, ...proxy] : names
    const [seen = '', fds] = output.split('|')
    expect(seen.trim().split(' ').sort()).toEqual(expected.sort())
    expect(fds).toBe('0 1 2 3 ')
  })

  test('S-3 a person’s programs come behind ours at the processor', async () => {
    expect((await a.run('nice')).output.trim()).toBe('5')
  })

  test('S-1 neither this machine, nor its neighbours, nor the cloud’s metadata, nor another REPL can be reached', async () => {
    let reached = 0
    const here = createServer((socket) => {
      reached++
      socket.destroy()
    })
    await new Promise<void>((listening) => here.listen(0, '::', listening))
    const { port } = here.address() as AddressInfo
    const own = Object.values(networkInterfaces()).flatMap((each) =>
      (each ?? []).map(({ address }) => address),
    )
    const others = ['10.0.2.2', '10.1.2.3', '172.16.0.1', '192.168.0.1', '100.64.0.1', '169.254.169.254']
    const targets = [...own, ...others].map((host) => ({ host, port }))

    expect(await tried(connectEscapes(targets))).toEqual([])

    expect(reached).toBe(0)
    await new Promise((closed) => here.close(closed))
  })

  test('S-1 two REPLs listen on port 3000 at once, each alone with its own', async () => {
    const b = await rig.session()
    const serve = (who: string) =>
      `python3 -c 'import socket;s=socket.create_server(("0.0.0.0",3000));print("ready");c,_=s.accept();c.sendall(b"${who}")'`
    const ask = `python3 -c 'import socket;print(socket.create_connection(("127.0.0.1",3000)).recv(9).decode())'`
    const [first, second] = [await a.client.open(serve('ada')), await b.client.open(serve('grace'))]
    await eventually(
      () => a.client.output(first).includes('ready') && b.client.output(second).includes('ready'),
    )

    expect((await a.run(ask)).output.trim()).toBe('ada')
    expect((await b.run(ask)).output.trim()).toBe('grace')

    await b.release()
  })

  test('S-1 programs that kill everything they can spare the runner, and leave nothing behind', async () => {
    await a.run(`(trap '' TERM HUP; setsid setsid sleep 1000 </dev/null >/dev/null 2>&1 &)`)
    const before = await a.sandbox.observe(a.session)
    const box = await identify(await a.box())
    // The box goes before it can say that it opened anything.
    void a.client.open('kill -9 -1').catch(() => undefined)

    await eventually(async () => !(await a.sandbox.observe(a.session)).box)

    expect(before).toMatchObject({ runner: true, box: true })
    expect(await a.sandbox.observe(a.session)).toMatchObject({ runner: true })
    await a.sandbox.boot(a.session)
    expect(await a.sandbox.observe(a.session)).toMatchObject({ runner: true, box: true })
    expect(await identify(box?.pid ?? 0)).not.toEqual(box)
  })
})
