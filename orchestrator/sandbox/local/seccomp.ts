// The system calls that nothing in a sandbox may make, as a classic BPF program for x64 and arm64. Builds bytes; applies nothing.

/** Numbers of the calls that are refused, per architecture; -1 where it has no such call. */
const refused: Record<string, readonly [x64: number, arm64: number]> = {
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  unshare: [272, 97],
  setns: [308, 268],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  userfaultfd: [323, 282],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  syslog: [103, 116],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  iopl: [172, -1],
  ioperm: [173, -1],
  lookup_dcookie: [212, 18],
  open_by_handle_at: [304, 265],
  fanotify_init: [300, 262],
  vhangup: [153, 58],
  move_pages: [279, 239],
  pidfd_getfd: [438, 438],
}

/** Calls of which some arguments are refused. */
const looked = {
  clone: [56, 220],
  clone3: [435, 435],
  ioctl: [16, 29],
  socket: [41, 198],
} as const

/** New namespaces of user, mount, pid, network, ipc, uts and cgroup. */
const namespaceFlags = 0x7e020000
/** Typing into a terminal that is not one's own, and the like on a virtual console. */
const ioctlsRefused = [0x5412, 0x541c]
/** Unix, IPv4, IPv6 and netlink sockets; of netlink the routing protocol alone (interfaces are listed by it). */
const family = { unix: 1, inet: 2, inet6: 10, netlink: 16 }

const errno = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 }
const allow = 0x7fff0000
const fail = (number: number): number => (0x00050000 | number) >>> 0

/** Words of AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64. */
const audit = { x64: 0xc000003e, arm64: 0xc00000b7 }
/** Calls of the x32 ABI carry this bit; nothing of ours uses them. */
const x32Bit = 0x40000000

/** Offsets in struct seccomp_data; of arguments the lower half, little endian. */
const at = { nr: 0, arch: 4, arg: (n: number) => 16 + 8 * n }

type Step = { code: number; k: number; yes?: string; no?: string; label?: string }
const load = (k: number, label?: string): Step => ({
  code: 0x20,
  k,
  ...(label === undefined ? {} : { label }),
})
const give = (k: number): Step => ({ code: 0x06, k })
const ifEqual = (k: number, to: { yes?: string; no?: string }): Step => ({ code: 0x15, k, ...to })
const ifAnyBit = (k: number, to: { yes?: string; no?: string }): Step => ({ code: 0x45, k, ...to })
const ifAtLeast = (k: number, to: { yes?: string; no?: string }): Step => ({ code: 0x35, k, ...to })

export type Architecture = keyof typeof audit

/** Null for a machine whose calls are not known here. */
export function architectureOf(arch: string): Architecture | null {
  return arch === 'x64' || arch === 'arm64' ? arch : null
}

/** What `bwrap --seccomp` reads: struct sock_filter, one after the other. */
export function seccompFilter(arch: Architecture): Uint8Array {
  return assembled([...entry(arch), ...refusals(arch), ...arguments_(arch), ...endings()])
}

/** Programs of another architecture get no call at all. */
function entry(arch: Architecture): Step[] {
  const head = [load(at.arch), ifEqual(audit[arch], { no: 'absent' }), load(at.nr)]
  return arch === 'x64' ? [...head, ifAtLeast(x32Bit, { yes: 'absent' })] : head
}

function refusals(arch: Architecture): Step[] {
  const column = arch === 'x64' ? 0 : 1
  return Object.values(refused)
    .map((numbers) => numbers[column])
    .filter((number) => number >= 0)
    .map((number) => ifEqual(number, { yes: 'refused' }))
}

function arguments_(arch: Architecture): Step[] {
  const column = arch === 'x64' ? 0 : 1
  return [
    // Its flags lie in memory, where they cannot be looked at: the C library falls back to clone.
    ifEqual(looked.clone3[column], { yes: 'absent' }),
    ifEqual(looked.clone[column], { yes: 'clone' }),
    ifEqual(looked.ioctl[column], { yes: 'ioctl' }),
    ifEqual(looked.socket[column], { yes: 'socket', no: 'fine' }),
    load(at.arg(0), 'clone'),
    ifAnyBit(namespaceFlags, { yes: 'refused', no: 'fine' }),
    load(at.arg(1), 'ioctl'),
    ...ioctlsRefused.map((request) => ifEqual(request, { yes: 'refused' })),
    give(allow),
    load(at.arg(0), 'socket'),
    ifEqual(family.unix, { yes: 'fine' }),
    ifEqual(family.inet, { yes: 'fine' }),
    ifEqual(family.inet6, { yes: 'fine' }),
    ifEqual(family.netlink, { no: 'noFamily' }),
    load(at.arg(2)),
    ifEqual(0, { yes: 'fine', no: 'noFamily' }),
  ]
}

function endings(): Step[] {
  return [
    { ...give(allow), label: 'fine' },
    { ...give(fail(errno.EPERM)), label: 'refused' },
    { ...give(fail(errno.ENOSYS)), label: 'absent' },
    { ...give(fail(errno.EAFNOSUPPORT)), label: 'noFamily' },
  ]
}

/** Jumps are relative and at most 255 steps long. */
function assembled(steps: Step[]): Uint8Array {
  const labels = new Map(
    steps.flatMap((step, index) => (step.label === undefined ? [] : [[step.label, index]])),
  )
  const jump = (index: number, label: string | undefined): number => {
    const to = label === undefined ? index + 1 : (labels.get(label) ?? Number.NaN)
    const distance = to - index - 1
    if (!(distance >= 0 && distance <= 255)) throw new Error(`the filter cannot jump to ${label}`)
    return distance
  }
  const bytes = Buffer.alloc(steps.length * 8)
  for (const [index, step] of steps.entries()) {
    bytes.writeUInt16LE(step.code, index * 8)
    bytes.writeUInt8(jump(index, step.yes), index * 8 + 2)
    bytes.writeUInt8(jump(index, step.no), index * 8 + 3)
    bytes.writeUInt32LE(step.k, index * 8 + 4)
  }
  return bytes
}
