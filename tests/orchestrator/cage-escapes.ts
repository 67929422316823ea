// What a person's program may try against its box, as lines of a script; each says what must come of it.

/** `seen` must match what the command prints, or `code` be its exit code. */
export type Escape = { name: string; command: string; seen: RegExp }

const gone = /No such file or directory/
const denied = /Permission denied|Operation not permitted/
const readOnly = /Read-only file system/

/** One call of the system by number, and the name of what came back. */
const call = (number: number, ...args: Array<number | string>): string =>
  `python3 -c 'import ctypes,errno;l=ctypes.CDLL(None,use_errno=True);r=l.syscall(${[number, ...args].join(',')});print("came through" if r>=0 else errno.errorcode[ctypes.get_errno()])'`

const open = (family: number, kind = 3, protocol = 0): string =>
  `python3 -c 'import socket;socket.socket(${family},${kind},${protocol});print("came through")'`

type Arch = 'x64' | 'arm64'
const numbers: Record<Arch, Record<string, number>> = {
  x64: {
    unshare: 272,
    setns: 308,
    keyctl: 250,
    bpf: 321,
    perf: 298,
    userfaultfd: 323,
    pivot: 155,
    clone: 56,
  },
  arm64: {
    unshare: 97,
    setns: 268,
    keyctl: 219,
    bpf: 280,
    perf: 241,
    userfaultfd: 282,
    pivot: 41,
    clone: 220,
  },
}
const everywhere = { ioUring: 425, clone3: 435, openTree: 428, fsopen: 430 }

/** `hidden`: folders of this machine that must not exist inside. */
export function fileEscapes(hidden: string[]): Escape[] {
  const looks = [
    '/state',
    '/run/devex/r',
    '/run/devex/b',
    '/proc/1/root/state',
    '/root',
    '/home/ada',
    '/sys',
    ...hidden,
  ]
  const writes = ['/x', '/dev/x', '/usr/x', '/etc/x', '/opt/devex/x', '/opt/devex/programs/x']
  return [
    ...looks.map((path) => ({ name: `look at ${path}`, command: `ls ${path}`, seen: gone })),
    ...writes.map((path) => ({ name: `write ${path}`, command: `touch ${path}`, seen: readOnly })),
    { name: 'read the passwords', command: 'cat /etc/shadow', seen: denied },
    { name: 'see our ssh keys', command: 'ls -A /etc/ssh; echo nothing', seen: /^nothing/ },
    ...['kernel/core_pattern', 'net/ipv4/ip_forward', 'vm/drop_caches'].map((name) => ({
      name: `set ${name}`,
      command: `sh -c 'echo 1 > /proc/sys/${name}'`,
      seen: /Permission denied|Read-only|Operation not permitted|Directory nonexistent|No such file/,
    })),
    {
      name: 'press sysrq',
      command: `sh -c 'echo h > /proc/sysrq-trigger'`,
      seen: /denied|Read-only|nonexistent/,
    },
    {
      name: 'fill the memory of /dev/shm',
      command: 'head -c 200000000 /dev/zero > /dev/shm/x',
      seen: /No space left/,
    },
    {
      name: 'fill the memory of /tmp',
      command: 'head -c 300000000 /dev/zero > /tmp/x; rm /tmp/x',
      seen: /No space left/,
    },
  ]
}

/** What stands around a person's programs in the same view: the first process, which is bubblewrap's, and the box itself. */
export function neighbourEscapes(): Escape[] {
  const filtered = /^CapInh:0+ CapPrm:0+ CapEff:0+ CapBnd:0+ CapAmb:0+ NoNewPrivs:1 Seccomp:2 \n/
  const same =
    'for s in user mnt pid net ipc uts; do [ /proc/1/ns/$s -ef /proc/self/ns/$s ] || echo $s; done; echo same'
  return [
    ...[1, 2].map((pid) => ({
      name: `process ${pid} may more than a program`,
      command: `grep -E "^Cap|NoNewPrivs|Seccomp:" /proc/${pid}/status | tr -d "\\t" | tr "\\n" " "; echo`,
      seen: filtered,
    })),
    { name: 'the first process is in other namespaces', command: same, seen: /^same/ },
    ...['/proc/1/root/newroot', '/proc/1/root/oldroot', '/proc/1/cwd/../home/ada', '/proc/2/cwd/../root'].map(
      (path) => ({ name: `look at ${path}`, command: `ls ${path}`, seen: gone }),
    ),
    {
      name: 'find a file of ours held open',
      command: 'for f in /proc/[12]/fd/*; do readlink $f; done | grep ^/ | grep -v ^/dev/; echo none',
      seen: /^none/,
    },
    {
      name: 'take a folder of ours out of a process',
      command: `for p in 1 2; do for f in /proc/$p/fd/*; do [ -d $f ] && ls -d $f; done; done; echo none`,
      seen: /^none/,
    },
    // Whoever becomes the first process by ptrace has the same filter there.
    {
      name: 'a namespace in the first process',
      command: `python3 -c 'import os;open("/proc/1/mem","wb",buffering=0).write(b"x")'`,
      seen: /Error/,
    },
  ]
}

/** `names`: sockets without a path that somebody on this machine listens on. */
export function abstractEscapes(names: string[]): Escape[] {
  return names.map((name) => ({
    name: `reach the abstract socket ${name}`,
    command: `python3 -c 'import socket;s=socket.socket(1,1);s.connect("\\0${name}");print("came through")'`,
    seen: /ConnectionRefused/,
  }))
}

export function callEscapes(arch: string): Escape[] {
  const n = numbers[arch === 'arm64' ? 'arm64' : 'x64']
  const refused = (name: string, number: number | undefined, ...args: Array<number | string>): Escape => ({
    name,
    command: call(number ?? 0, ...args),
    seen: /^EPERM/,
  })
  return [
    refused('unshare', n['unshare'], 0x10000000),
    refused('clone into a namespace', n['clone'], 0x10000000 + 17, 0, 0, 0, 0),
    refused('setns', n['setns'], 0, 0),
    refused('pivot_root', n['pivot'], 0, 0),
    refused('keyctl', n['keyctl'], 0, 0),
    refused('bpf', n['bpf'], 0, 0, 0),
    refused('perf_event_open', n['perf'], 0, 0, 0, 0, 0),
    refused('userfaultfd', n['userfaultfd'], 0),
    refused('io_uring_setup', everywhere.ioUring, 1, 0),
    refused('open_tree', everywhere.openTree, 0, 0, 0),
    refused('fsopen', everywhere.fsopen, 0, 0),
    { name: 'clone3', command: call(everywhere.clone3, 0, 0), seen: /^ENOSYS/ },
    {
      name: 'type into a terminal',
      command: `python3 -c 'import fcntl;fcntl.ioctl(0,0x5412,b"x")'`,
      seen: denied,
    },
    {
      name: 'mount',
      command: 'mount -t tmpfs x /tmp',
      seen: /must be superuser|permission denied|not permitted/i,
    },
    {
      name: 'remount',
      command: 'mount -o remount,rw /',
      seen: /must be superuser|permission denied|not permitted/i,
    },
    { name: 'unmount', command: 'umount /workspace', seen: /must be superuser|not permitted/ },
    { name: 'a user namespace', command: 'unshare -Ur true', seen: denied },
    { name: 'a device', command: 'mknod /tmp/d b 8 0', seen: denied },
    { name: 'the kernel log', command: 'dmesg', seen: denied },
    { name: 'an interface', command: 'ip link add x type dummy', seen: denied },
    { name: 'a route', command: 'ip route add default dev lo', seen: denied },
    { name: 'a higher place', command: 'nice -n -5 true', seen: /Permission denied/ },
    { name: 'a raw socket', command: open(2, 3, 1), seen: denied },
    { name: 'AF_PACKET', command: open(17), seen: /not supported/ },
    { name: 'AF_VSOCK', command: open(40, 1), seen: /not supported/ },
    { name: 'AF_ALG', command: open(38, 5), seen: /not supported/ },
    { name: 'generic netlink', command: open(16, 3, 16), seen: /not supported/ },
    {
      name: 'rights',
      command:
        'grep -E "CapEff|CapBnd|NoNewPrivs|Seccomp:" /proc/self/status | tr -d "\\t" | tr "\\n" " "; echo',
      seen: /^CapEff:0+ CapBnd:0+ NoNewPrivs:1 Seccomp:2 \n/,
    },
  ]
}

/** The name of the box's way out, which is that of this machine's; where it has none, its loopback's. */
const device = 'socket.if_nameindex()[-1][1].encode()'

/** Tries to reach each address by TCP, also through the device itself, where routes do not count. */
export function connectEscapes(targets: Array<{ host: string; port: number }>): Escape[] {
  return targets.flatMap(({ host, port }) =>
    ['', `;s.setsockopt(1,25,${device})`].map((bind) => ({
      name: `reach ${host}:${port}${bind === '' ? '' : ' by the device'}`,
      command: `python3 -c 'import socket;s=socket.socket(${host.includes(':') ? 10 : 2},1);s.settimeout(2)${bind};s.connect(("${host}",${port}));print("came through")'`,
      seen: /Error|timed out/,
    })),
  )
}

/** All of them as one script: what each printed stands between marks. */
export function scriptOf(escapes: Escape[]): string {
  return (
    escapes.map(({ command }, index) => `echo "@@${index}"\n{ ${command}; } </dev/tty 2>&1`).join('\n') +
    '\necho "@@end"\n'
  )
}

/** As a line of its own: since 3.13 python shows the whole command, with these words in it, where it failed. */
const cameThrough = /^came through$/m

/** Names of those of which something else came, with what it was. */
export function unexpected(escapes: Escape[], output: string): string[] {
  const parts = new Map(
    output
      .replaceAll('\r', '')
      .split(/^@@/m)
      .map((part): [string, string] => [part.split('\n', 1)[0] ?? '', part.slice(part.indexOf('\n') + 1)]),
  )
  return escapes.flatMap(({ name, seen }, index) => {
    const said = parts.get(String(index)) ?? 'was not tried'
    return seen.test(said) && !cameThrough.test(said) ? [] : [`${name}: ${said}`]
  })
}
