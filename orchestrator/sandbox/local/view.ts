// The command that starts a program inside a view of its own: which files, network and rights it has. Starts nothing.
import { boxNetwork } from './egress.ts'
import { type Hall, hallOf } from './hall.ts'
import type { Ground } from './ground.ts'

export type Mount = { from: string; to: string; isWritable: boolean }
/** `host`: ours, for trusted programs alone. `none`: its own loopback. `private`: loopback and a filtered way out. */
export type Network = 'host' | 'none' | 'private'

export type View = {
  program: string[]
  env: Record<string, string>
  mounts: Mount[]
  cwd: string
  network: Network
  /** The number that the program's files belong to outside; null when we are not root, and it is ours. */
  owner: number | null
  /** Files that a process writes its number into to join the view's limits. */
  groups: string[]
  tmpBytes: number
  /** Null for our own programs. */
  limits: { processes: number } | null
}

export type Command = { file: string; args: string[] }

/** Who a program is inside. */
export const inside = { uid: 1000, name: 'user', home: '/home/user', workspace: '/workspace' } as const

/** Descriptor of the seccomp filter: bwrap reads it and closes it. */
const filterFd = 7
const openFilter = `exec ${filterFd}<"$0"; exec "$@"`
/**
 * The exit code tells a filter that could not be set from anything that the program says. bwrap looks its child up in /proc, where
 * by pasta's own count of processes another one is found or, in a container with few processes, none: so /proc is mounted anew.
 */
const openFilterBehindRules = `nft -f "$0" || exit 78; exec ${filterFd}<"$1"; shift; exec unshare --mount-proc -- "$@"`

/** Kernel settings and devices may be looked at, not changed; /run and /dev/shm are small. */
const runBytes = 16 * 1024 * 1024
const shmBytes = 64 * 1024 * 1024
/** The least that a file system of memory can be. */
const hiddenBytes = 4096

/** When memory runs out, a person's program goes before anything else of the machine. */
const firstToGo = 500
/** Descriptors that one program may hold unless it asks for more; watching dev servers want thousands. */
const openFiles = '4096:'
/** Bytes of one file: a hole of any size costs nothing here, but every byte of it where backups are kept. */
const fileBytes = 8 * 1024 ** 3

/** In front of its child it ends with it, and its own death ends the child. It maps no port and no way to our loopback. */
const pasta = [
  ['pasta', '-q', '-f', '--config-net', '-4', '-t', 'none', '-u', 'none', '-T', 'none', '-U', 'none'],
  ['--no-map-gw', '-a', boxNetwork.address, '-n', boxNetwork.mask, '-g', boxNetwork.gateway],
  ['--dns-forward', boxNetwork.dns, '--'],
].flat()

/** Nothing of the view outlives its outermost process, and that one outlives us. */
export function commandOf(view: View, ground: Ground): Command {
  const hall = hallOf(view)
  const parts = hall.via(ground.parts)
  const filter = `${parts}/seccomp.bpf`
  const caged = ['bwrap', ...namespaces(view), ...files(view, ground, hall), '--', ...limited(view)]
  const filtered =
    view.network === 'private'
      ? [...pasta, 'sh', '-c', openFilterBehindRules, `${parts}/rules.nft`, filter, ...caged]
      : ['sh', '-c', openFilter, filter, ...caged]
  return hall.command(filtered)
}

function namespaces({ network }: View): string[] {
  return [
    ['--unshare-user', '--disable-userns', '--uid', String(inside.uid), '--gid', String(inside.uid)],
    ['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--hostname', 'repl'],
    network === 'none' ? ['--unshare-net'] : [],
    ['--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--seccomp', String(filterFd)],
  ].flat()
}

/** An allow-list: what is not named here is not there. Later mounts lie over earlier ones. */
function files(view: View, ground: Ground, hall: Hall): string[] {
  const parts = hall.via(ground.parts)
  const bind = ({ from, to, isWritable }: Mount) => [isWritable ? '--bind' : '--ro-bind', hall.via(from), to]
  const small = (bytes: number, to: string) => ['--size', String(bytes), '--tmpfs', to]
  const ours = ['passwd', 'group', 'hosts', 'profile'].flatMap((name) => [
    '--ro-bind',
    `${parts}/${name}`,
    `/etc/${name}`,
  ])
  return [
    ground.system.flatMap(bind),
    ground.links.flatMap(({ to, path }) => ['--symlink', to, path]),
    small(runBytes, '/run'),
    ground.hidden.flatMap((folder) => small(hiddenBytes, folder)),
    ours,
    view.network === 'private' ? ['--ro-bind', `${parts}/resolv.conf`, ground.resolvConf] : [],
    ['--proc', '/proc', '--dev', '/dev', ...small(shmBytes, '/dev/shm'), '--remount-ro', '/dev'],
    small(view.tmpBytes, '/tmp'),
    small(view.tmpBytes, '/var/tmp'),
    [...ground.programs, ...view.mounts].flatMap(bind),
    ['--remount-ro', '/', '--chdir', view.cwd, '--clearenv'],
    Object.entries(view.env).flatMap(([name, value]) => ['--setenv', name, value]),
  ].flat()
}

/** Set inside, where they count the view's own processes and not everything that this number runs. */
function limited({ program, limits }: View): string[] {
  if (limits === null) return program
  const { processes } = limits
  return [
    ['choom', '-n', String(firstToGo), '--'],
    ['prlimit', `--nproc=${processes}:${processes}`, `--nofile=${openFiles}`, `--fsize=${fileBytes}`],
    ['--core=0:0', '--'],
    program,
  ].flat()
}
