// What is missing for better isolation, in words for the person at the terminal, with the command that mends it. Pure.
import { readFileSync } from 'node:fs'
import type { Circumstance, Engine } from './circumstance.ts'
import type { Fault } from './probe.ts'

export type Lack = {
  /** A half sentence: "bubblewrap is not installed". */
  why: string
  /** A command or a setting; empty when there is none. */
  mend: string
}

type Rule = { seen: (fault: Fault) => boolean; lack: (now: Circumstance, fault: Fault) => Lack }

/**
 * The least with which every part works, tried one by one with Docker (docs/docker.md); Podman's manual has another word for one of
 * them. Root must mount, for which it needs a capability that an ordinary user does not. All are named at once: who mends one after
 * the other starts four times.
 */
const flags = (engine: 'docker' | 'podman'): string => {
  const unmasked = engine === 'docker' ? 'systempaths=unconfined' : 'unmask=ALL'
  return `${engine} run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt ${unmasked} --device /dev/net/tun`
}
const groupFlags = '--cap-add SYS_ADMIN --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup'

/** Whoever runs a container of another kind knows how; we do not. */
const askAround =
  'ask whoever runs this container to let it make namespaces, mount a /proc of its own and use /dev/net/tun'

function opened(engine: Engine, isRoot: boolean): string {
  if (engine === 'other') return askAround
  return `${flags(engine)} ${isRoot ? '--cap-add SYS_ADMIN (or --user 1000 in place of --cap-add)' : ''}`.trim()
}

/** What a container takes away has one cure, whichever part missed it first. */
const contained =
  (what: string, otherwise: Lack) =>
  ({ engine, isRoot }: Circumstance): Lack =>
    engine === null ? otherwise : { why: `the container we run in ${what}`, mend: opened(engine, isRoot) }

const together = 'bounds all sessions together'

function bounded(engine: Engine): string {
  return engine === 'other'
    ? `a bound on this container ${together}`
    : `${engine} run --memory … --cpus … --pids-limit … ${together}; docs/docker.md says how to bound each`
}

function groupsOpened(engine: Engine): string {
  return engine === 'other' ? `a bound on this container ${together}` : `${flags(engine)} ${groupFlags}`
}

const says = (pattern: RegExp) => (fault: Fault) => pattern.test(`${fault.code} ${fault.said}`)

/** The profile that passt comes with; its name differs by version. */
const pastaProfile = '/etc/apparmor.d/usr.bin.pas*'
const missingFile = /Can't create file (\/etc\/\S+): Read-only/

const rules: Rule[] = [
  {
    seen: (fault) => fault.code === 'tun',
    lack: contained('has no device /dev/net/tun, or one that only root of the machine may use', {
      why: 'the device /dev/net/tun cannot be used',
      mend: 'modprobe tun; chmod 666 /dev/net/tun',
    }),
  },
  {
    seen: says(/ENOENT|not found|No such file or directory.*(bwrap|pasta|nft)|code 127|^127 /),
    lack: ({ engine, isRoot }) => ({
      why: 'bubblewrap, passt or nftables is not installed',
      mend: `apt install bubblewrap passt nftables${engine === null ? '' : ` (in the image), and then ${opened(engine, isRoot)}`}`,
    }),
  },
  {
    seen: says(/our programs are not whole/),
    lack: () => ({
      why: 'a built program of DevEx is not there',
      mend: 'node scripts/build.mjs --force (in the folder of DevEx)',
    }),
  },
  {
    seen: says(/our programs cannot be read/),
    lack: () => ({
      why: 'others may not read the folder that DevEx is installed in',
      mend: 'chmod -R go+rX build node_modules (in that folder)',
    }),
  },
  {
    // A small file of ours is laid over each, and nothing can be made in the system's /etc.
    seen: says(missingFile),
    lack: (_now, { said }) => {
      const path = missingFile.exec(said)?.[1] ?? ''
      return { why: `this system has no file ${path}`, mend: `touch ${path}` }
    },
  },
  {
    seen: says(/Unknown option/),
    lack: () => ({ why: 'bubblewrap is too old', mend: 'install bubblewrap 0.8 or newer' }),
  },
  {
    // Refused with this word by nobody else: the kernel's own refusals are "not permitted" and "no space".
    seen: says(/(new namespace failed|setting up uid map): Permission denied|RTM_NEWADDR/),
    lack: () => ({
      why: 'AppArmor forbids bubblewrap its namespaces',
      mend: `echo 'abi <abi/4.0>, profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }' > /etc/apparmor.d/bwrap; apparmor_parser -r /etc/apparmor.d/bwrap ${pastaProfile}`,
    }),
  },
  {
    // After the second one it waits for ever.
    seen: says(/(create user|join network) namespace: Permission denied/),
    lack: () => ({
      why: 'AppArmor forbids pasta its namespaces',
      mend: `apparmor_parser -r ${pastaProfile}`,
    }),
  },
  {
    seen: says(
      /No permissions to create a? ?new namespace|unshare failed: Operation not permitted|must be superuser|pivot_root: Operation not permitted|Couldn't create user namespace/,
    ),
    lack: namespaceLack,
  },
  {
    seen: says(/No space left on device|ENOSPC/),
    lack: () => ({
      why: 'the machine gives no more user namespaces',
      mend: 'sysctl -w user.max_user_namespaces=15000',
    }),
  },
  {
    // Where it masks some files of /proc, nobody in it may mount another; and a kernel setting cannot be written.
    seen: says(/mount proc|max_user_namespaces: Read-only/),
    lack: contained('masks /proc', {
      why: 'something lies over parts of /proc, so that nobody may mount another',
      mend: 'findmnt -R /proc shows what it is; a service of systemd needs ProtectKernelTunables=no and ProtectProc=default',
    }),
  },
  {
    seen: says(/No external routable interface|Couldn't get any nameserver/),
    lack: () => ({ why: 'this machine has no way out to a network', mend: '' }),
  },
  {
    seen: says(/^78 /),
    lack: () => ({ why: 'the kernel does not take our network filter', mend: 'modprobe nf_tables' }),
  },
  {
    seen: (fault) => fault.at === 'groups' && fault.said === 'not root',
    lack: ({ engine }) => ({
      why: 'limits by control groups need root; memory and processes are watched instead',
      mend: engine === null ? 'start DevEx as root' : bounded(engine),
    }),
  },
  {
    seen: (fault) => fault.at === 'groups',
    lack: ({ engine }) => ({
      why: 'control groups cannot be written here; memory and processes are watched instead',
      mend: engine === null ? 'mount cgroups writable below /sys/fs/cgroup' : groupsOpened(engine),
    }),
  },
  {
    seen: (fault) => fault.code === 'timeout',
    lack: () => ({ why: 'a part of it did not answer within ten seconds', mend: '' }),
  },
]

export function lackOf(fault: Fault, now: Circumstance): Lack {
  const rule = rules.find(({ seen }) => seen(fault))
  return rule?.lack(now, fault) ?? { why: `it does not work here: ${lastLine(fault.said)}`, mend: '' }
}

function namespaceLack(now: Circumstance): Lack {
  if (settingOf('/proc/sys/kernel/unprivileged_userns_clone') === '0')
    return {
      why: 'this system forbids namespaces to everybody but root',
      mend: 'sysctl -w kernel.unprivileged_userns_clone=1',
    }
  const otherwise = {
    why: 'this system forbids new namespaces',
    mend: 'let a user make namespaces, or use a virtual machine',
  }
  return contained('forbids new namespaces', otherwise)(now)
}

function settingOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
