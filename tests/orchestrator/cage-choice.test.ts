// Which isolation is chosen and what is said of it, and what the pieces of a view are made of.
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chooseIsolation } from '../../orchestrator/cli/isolation.ts'
import { lastIsolation, rememberIsolation } from '../../orchestrator/cli/last-isolation.ts'
import { refusalOf } from '../../orchestrator/cli/up.ts'
import { engineOf, type Engine } from '../../orchestrator/sandbox/local/circumstance.ts'
import { egressRules, ownAddresses } from '../../orchestrator/sandbox/local/egress.ts'
import { offered } from '../../orchestrator/sandbox/local/isolation.ts'
import { lackOf } from '../../orchestrator/sandbox/local/lacks.ts'
import type { Offer } from '../../orchestrator/sandbox/local/probe.ts'
import { seccompFilter } from '../../orchestrator/sandbox/local/seccomp.ts'
import { offeredLevels } from '../exams/cage-rig.ts'
import { eventually } from '../support/eventually.ts'
import { tempFolder } from '../support/folders.ts'
import { isAlive } from '../support/processes.ts'

/** Without views there is nothing to look through; cage.test.ts says what is lacking. */
const noViews = (await offeredLevels()).every((level) => level === 'process')

const here = '127.0.0.1'
const nothing: Offer = {
  best: 'process',
  lack: { why: 'bubblewrap is not installed', mend: 'apt install bubblewrap passt nftables' },
}
const all: Offer = { best: 'bwrap+net+cgroup', lack: null }
const refused = (choose: () => unknown): string => {
  try {
    return JSON.stringify(choose())
  } catch (thrown) {
    return refusalOf(thrown) ?? `not in words: ${String(thrown)}`
  }
}

describe('choice', () => {
  test('S-2 without bubblewrap, on this machine alone, sessions run as processes, and the screen says so and what mends it', () => {
    const { level, say } = chooseIsolation(null, { host: here, offer: nothing, last: null })

    expect(level).toBe('process')
    expect(say.join(' ')).toMatch(
      /without isolation \(level process\).*not installed.*apt install bubblewrap/,
    )
  })

  test('S-2 beyond this machine no isolation must be asked for by name', () => {
    const words = refused(() => chooseIsolation(null, { host: '0.0.0.0', offer: nothing, last: null }))

    expect(words).toMatch(/without isolation.*apt install bubblewrap.*add --isolation process/)
    expect(chooseIsolation('process', { host: '0.0.0.0', offer: nothing, last: null }).level).toBe('process')
    expect(chooseIsolation(null, { host: '0.0.0.0', offer: all, last: null }).level).toBe('bwrap+net+cgroup')
  })

  test('S-2 a level that was asked for and does not work stops the start; a weaker one that works is taken', () => {
    expect(refused(() => chooseIsolation('bwrap+net', { host: here, offer: nothing, last: null }))).toMatch(
      /bwrap\+net cannot be used: bubblewrap is not installed.*apt install/,
    )
    expect(chooseIsolation('bwrap', { host: here, offer: all, last: null })).toEqual({
      level: 'bwrap',
      say: ['Sessions run isolated (level bwrap).'],
    })
  })

  test('S-2 never less than sessions of this data folder had before, unless less is asked for by name', async () => {
    const less: Offer = { best: 'bwrap', lack: { why: 'there is no /dev/net/tun', mend: 'modprobe tun' } }
    const now = { host: here, offer: less, last: 'bwrap+net' } as const

    expect(refused(() => chooseIsolation(null, now))).toMatch(
      /ran isolated at bwrap\+net.*now offers bwrap only.*no \/dev\/net\/tun.*modprobe tun.*add --isolation bwrap\./,
    )
    expect(chooseIsolation('bwrap', now).level).toBe('bwrap')
    expect(chooseIsolation(null, { ...now, last: 'bwrap' }).level).toBe('bwrap')
    expect(chooseIsolation(null, { ...now, offer: all }).level).toBe('bwrap+net+cgroup')
  })

  test('S-2 the level is remembered in the data folder, and a file that says nothing is no leave to isolate less', async () => {
    const folder = await tempFolder()

    expect(await lastIsolation(folder.path)).toBeNull()
    await rememberIsolation(folder.path, 'bwrap+net')
    expect(await lastIsolation(folder.path)).toBe('bwrap+net')
    await writeFile(join(folder.path, 'isolation.json'), '{"version":1,"level":"none"}')
    expect(await lastIsolation(folder.path).catch(refusalOf)).toMatch(/cannot be read.*--isolation LEVEL/)

    await folder.remove()
  })

  test('S-2 a machine whose bubblewrap fails offers processes alone, with its reason', async () => {
    const folder = await tempFolder()
    await mkdir(join(folder.path, 'bin'))
    await writeFile(join(folder.path, 'bin', 'pasta'), '#!/bin/sh\necho "Failed to open tun" >&2\nexit 1\n')
    await chmod(join(folder.path, 'bin', 'pasta'), 0o755)
    const programs = join(import.meta.dirname, '../support/programs')
    const roots = { data: folder.path, run: join(folder.path, 'run'), programs, path: '' }
    await mkdir(roots.run)

    const offer = await offered({ ...roots, tools: join(folder.path, 'bin') })

    expect(offer).toMatchObject({ best: 'process', lack: { mend: 'apt install bubblewrap passt nftables' } })
    await folder.remove()
  })

  test.skipIf(noViews)(
    'S-2 programs of ours that a session could not read, or that are not whole, are found before it starts',
    async () => {
      const folder = await tempFolder()
      const built = join(folder.path, 'build')
      await mkdir(join(folder.path, 'node_modules'))
      await mkdir(built)
      for (const name of ['runner.js', 'box.js', 'box.code.cjs', 'box.code.cache'])
        await writeFile(join(built, name), '')
      await chmod(folder.path, 0o755)
      const roots = { data: folder.path, run: join(folder.path, 'run'), programs: built, path: '' }
      await mkdir(roots.run)
      const lacks: (string | undefined)[] = []
      const look = async (): Promise<void> => void lacks.push((await offered(roots)).lack?.why)

      const mode = process.getuid?.() === 0 ? 0o600 : 0
      await chmod(join(built, 'box.code.cache'), mode)
      await look()
      await chmod(join(built, 'box.code.cache'), 0o644)
      await rm(join(built, 'box.code.cjs'))
      await look()
      await mkdir(join(built, 'box.code.cjs'))
      await look()

      expect(lacks).toEqual([
        'others may not read the folder that DevEx is installed in',
        'a built program of DevEx is not there',
        'a built program of DevEx is not there',
      ])
      await folder.remove()
    },
  )

  test.skipIf(noViews)('S-2 S-4 a part that was refused and hangs is ended with the try', async () => {
    const folder = await tempFolder()
    const [tools, run, left] = ['tools', 'run', 'left'].map((name) => join(folder.path, name))
    if (tools === undefined || run === undefined || left === undefined) throw new Error('three names')
    for (const each of [tools, run]) await mkdir(each)
    await writeFile(left, '')
    for (const [path, mode] of [
      [folder.path, 0o755],
      [tools, 0o755],
      [left, 0o666],
    ] as const)
      await chmod(path, mode)
    const pasta = `#!/bin/sh\nsleep 1000 & echo $! > ${left}\necho "Couldn't create user namespace: Permission denied" >&2\nexit 1\n`
    await writeFile(join(tools, 'pasta'), pasta, { mode: 0o755 })
    const programs = join(import.meta.dirname, '../support/programs')

    const offer = await offered({
      data: folder.path,
      run,
      programs,
      path: '',
      tools: `${tools}:${process.env['PATH'] ?? ''}`,
    })

    expect(offer).toMatchObject({ best: 'bwrap', lack: { why: expect.stringContaining('pasta') } })
    const pid = Number(await readFile(left, 'utf8'))
    expect(pid).toBeGreaterThan(0)
    await eventually(() => !isAlive(pid))
    await folder.remove()
  })

  test.each([
    ['view', '127', 'bwrap: not found', /not installed/, 'apt install bubblewrap passt nftables'],
    ['view', '1', 'bwrap: Unknown option --disable-userns', /too old/, '0.8'],
    ['view', '1', 'bwrap: No permissions to create new namespace', /forbids/, ''],
    ['view', '1', 'bwrap: setting up uid map: Permission denied', /AppArmor/, 'apparmor_parser'],
    [
      'view',
      '1',
      'bwrap: Creating new namespace failed: Permission denied',
      /AppArmor.*bubblewrap/,
      'userns',
    ],
    ['network', '1', "Couldn't create user namespace: Permission denied", /AppArmor.*pasta/, 'usr.bin.pas*'],
    [
      'network',
      'timeout',
      'Failed to join network namespace: Permission denied',
      /AppArmor.*pasta/,
      'usr.bin.pas*',
    ],
    [
      'view',
      '1',
      "bwrap: Can't mount proc on /newroot/proc",
      /lies over parts of \/proc/,
      'ProtectKernelTunables=no',
    ],
    ['view', '1', 'unshare: unshare failed: No space left on device', /no more user namespaces/, 'sysctl'],
    ['network', 'tun', '/dev/net/tun: EACCES', /\/dev\/net\/tun/, 'chmod 666'],
    ['network', '78', 'nft: Error', /network filter/, 'nf_tables'],
    ['network', '1', 'No external routable interface', /no way out/, ''],
    ['network', 'timeout', '', /ten seconds/, ''],
    ['groups', 'none', 'not root', /need root/, 'root'],
    [
      'view',
      '1',
      "bwrap: Can't create file /etc/hosts: Read-only file system",
      /no file/,
      'touch /etc/hosts',
    ],
    ['view', '1', 'something\nunheard of', /unheard of/, ''],
  ] as const)('S-2 at the %s, "%s %s" is said in words', (at, code, said, why, mend) => {
    const lack = lackOf({ at, code, said }, { engine: null, isRoot: true })

    expect(lack.why).toMatch(why)
    expect(lack.mend).toContain(mend)
  })

  test.each([
    ['view', '1', 'bwrap: No permissions to create new namespace', /forbids new namespaces/],
    ['view', '1', 'unshare: unshare failed: Operation not permitted', /forbids new namespaces/],
    ['view', '1', "bwrap: Can't mount proc on /newroot/proc: Operation not permitted", /masks \/proc/],
    ['view', '1', 'bwrap: cannot open /proc/sys/user/max_user_namespaces: Read-only file system', /masks/],
    ['network', 'tun', '/dev/net/tun: ENOENT', /no device \/dev\/net\/tun/],
    ['view', '127', 'bwrap: not found', /not installed/],
  ] as const)(
    'S-2 in a container at the %s, "%s %s" is answered with every flag at once',
    (at, code, said, why) => {
      const asRoot = lackOf({ at, code, said }, { engine: 'docker', isRoot: true })
      const asUser = lackOf({ at, code, said }, { engine: 'docker', isRoot: false })

      expect(asUser.why).toMatch(why)
      for (const flag of [
        'docker run',
        'seccomp=unconfined',
        'apparmor=unconfined',
        'systempaths=unconfined',
        '--device /dev/net/tun',
      ])
        expect(asUser.mend).toContain(flag)
      expect(asUser.mend).not.toContain('--cap-add')
      expect(asRoot.mend).toContain('--cap-add SYS_ADMIN')
    },
  )

  test('S-2 control groups in a container: root is told the mount, anybody else what bounds all together', () => {
    const none = { at: 'groups', code: 'none', said: 'no writable control groups' } as const
    const user = { at: 'groups', code: 'none', said: 'not root' } as const

    expect(lackOf(none, { engine: 'docker', isRoot: true }).mend).toContain(
      '-v /sys/fs/cgroup:/sys/fs/cgroup',
    )
    expect(lackOf(user, { engine: 'docker', isRoot: false }).mend).toMatch(/--memory.*--pids-limit/)
    expect(lackOf(user, { engine: null, isRoot: false }).mend).toBe('start DevEx as root')
  })

  const id = '257091ca4af1611368ca'
  test.each([
    [`8:pids:/docker/${id}`, 'docker'],
    [`0::/system.slice/docker-${id}.scope`, 'docker'],
    [`0::/machine.slice/libpod-${id}.scope`, 'podman'],
    ['0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-9f.scope', 'other'],
    [`0::/kubepods/burstable/pod1/docker-${id}.scope`, 'other'],
    ['1:name=systemd:/lxc/web', 'other'],
    ['0::/lxc.payload.web/init.scope', 'other'],
    ['0::/user.slice/user-1000.slice/session-2.scope', null],
    ['0::/system.slice/docker.service', null],
    ['0::/system.slice/docker-registry.service', null],
    ['0::/system.slice/docker-cleanup.service', null],
    ['0::/', null],
  ])('S-2 the group %s is in a container of %s', (groups, engine) =>
    expect(engineOf({ groups, mounts: '', mark: null })).toBe(engine),
  )

  test('S-2 where groups are hidden, a container is told by what its engine mounts; a machine made from an image is none', () => {
    const by = (mounts: string, mark: 'docker' | 'podman' | null) =>
      engineOf({ groups: '0::/', mounts, mark })
    const from = (path: string) =>
      `25 1 254:0 / / rw - ext4 /dev/vda rw\n612 590 254:0 ${path} /etc/hosts rw - ext4 /dev/vda rw`

    expect(by(from('/docker/containers/1/hosts'), 'docker')).toBe('docker')
    expect(by(from('/containers/1/userdata/hosts'), 'podman')).toBe('podman')
    expect(by(from('/var/lib/kubelet/pods/1-2/etc-hosts'), 'docker')).toBe('other')
    expect(by(from('/var/lib/kubelet/pods/1-2/etc-hosts'), null)).toBe('other')
    expect(by(from('/srv/hosts'), null)).toBeNull()
    expect(by('25 1 254:0 / / rw,relatime - ext4 /dev/vda rw', 'docker')).toBeNull()
  })

  test.each([
    ['view', '1', 'bwrap: No permissions to create new namespace'],
    ['view', '1', "bwrap: Can't mount proc on /newroot/proc: Operation not permitted"],
    ['network', 'tun', '/dev/net/tun: ENOENT'],
    ['view', '127', 'bwrap: not found'],
    ['groups', 'none', 'not root'],
    ['groups', 'none', 'no writable control groups'],
  ] as const)('S-2 who has no Docker is told no command of it: at the %s, "%s %s"', (at, code, said) => {
    const told = (engine: Engine | null) => lackOf({ at, code, said }, { engine, isRoot: true })

    expect(told('other').mend).toMatch(/this container/)
    for (const engine of ['other', null] as const)
      expect(JSON.stringify(told(engine))).not.toMatch(/docker|podman|--device|--cap-add/)
    expect(told(null).why).not.toContain('container')
    expect(told('podman').mend).toMatch(/podman run/)
    expect(told('podman').mend).not.toContain('systempaths')
  })
})

describe('pieces', () => {
  test('S-1 the filter of calls is whole for both kinds of processor: every jump lands, every way ends', () => {
    for (const arch of ['x64', 'arm64'] as const) {
      const bytes = Buffer.from(seccompFilter(arch))
      const steps = bytes.length / 8
      expect(Number.isInteger(steps)).toBe(true)
      for (let step = 0; step < steps; step++) {
        const code = bytes.readUInt16LE(step * 8)
        const isJump = (code & 7) === 5
        const last = step + 1 + Math.max(bytes[step * 8 + 2] ?? 0, bytes[step * 8 + 3] ?? 0)
        if (isJump) expect(last).toBeLessThan(steps)
        if (step === steps - 1) expect(code).toBe(6)
      }
    }
  })

  test('S-1 the filter of addresses names every address of this machine', () => {
    const rules = egressRules(['203.0.113.9', ...ownAddresses()])

    for (const address of ['203.0.113.9', '169.254.0.0/16', '192.168.0.0/16', ...ownAddresses()])
      expect(rules).toContain(address)
    expect(rules).toContain('meta nfproto ipv6 reject')
  })
})
