// What is missing for better isolation, in words for the person at the terminal, with the command that mends it. Pure.
import { readFileSync } from 'node:fs'
import type { Circumstance } from './circumstance.ts'
import type { Fault } from './probe.ts'

export type Lack = {
  /** A half sentence: "bubblewrap is not installed". */
  why: string
  /** A command or a setting; empty when there is none. */
  mend: string
}

type Rule = { seen: (fault: Fault) => boolean; lack: (now: Circumstance, fault: Fault) => Lack }

/**
 * The least with which every part works, tried one by one (docs/docker.md). Root must mount, for which it needs a capability that
 * an ordinary user does not. All are named at once: who mends one after the other starts four times.
 */
const flags =
  '--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined --device /dev/net/tun'
const groupFlags = '--cap-add SYS_ADMIN --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup'

function dockerRun({ isRoot }: Circumstance): string {
  return `docker run ${flags} ${isRoot ? '--cap-add SYS_ADMIN (or --user 1000 in place of --cap-add)' : ''}`.trim()
}

/** What Docker takes away has one cure, whichever part missed it first. */
const contained =
  (what: string, otherwise: Lack) =>
  (now: Circumstance): Lack =>
    now.isContained ? { why: `the container we run in ${what}`, mend: dockerRun(now) } : otherwise

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
    lack: (now) => ({
      why: 'bubblewrap, passt or nftables is not installed',
      mend: `apt install bubblewrap passt nftables${now.isContained ? ` (in the image), and then ${dockerRun(now)}` : ''}`,
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
    lack: (now) => ({ why: 'the container we run in masks /proc', mend: dockerRun(now) }),
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
    lack: ({ isContained }) => ({
      why: 'limits by control groups need root; memory and processes are watched instead',
      mend: isContained
        ? 'docker run --memory … --cpus … --pids-limit … bounds all sessions together; docs/docker.md says how to bound each'
        : 'start DevEx as root',
    }),
  },
  {
    seen: (fault) => fault.at === 'groups',
    lack: ({ isContained }) => ({
      why: 'control groups cannot be written here; memory and processes are watched instead',
      mend: isContained ? `docker run ${flags} ${groupFlags}` : 'mount cgroups writable below /sys/fs/cgroup',
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
  if (now.isContained) return { why: 'the container we run in forbids new namespaces', mend: dockerRun(now) }
  return {
    why: 'this system forbids new namespaces',
    mend: 'let a user make namespaces, or use a virtual machine',
  }
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
