// What is missing for better isolation, in words for the person at the terminal, with the command that mends it. Pure.
import { existsSync, readFileSync } from 'node:fs'
import type { Fault } from './probe.ts'

export type Lack = {
  /** A half sentence: "bubblewrap is not installed". */
  why: string
  /** A command or a setting; empty when there is none. */
  mend: string
}

type Rule = { seen: (fault: Fault) => boolean; lack: (fault: Fault) => Lack }

const says = (pattern: RegExp) => (fault: Fault) => pattern.test(`${fault.code} ${fault.said}`)

const rules: Rule[] = [
  {
    seen: says(/ENOENT|not found|No such file or directory.*(bwrap|pasta|nft)|code 127|^127 /),
    lack: () => ({
      why: 'bubblewrap, passt or nftables is not installed',
      mend: 'apt install bubblewrap passt nftables',
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
    seen: says(/Unknown option/),
    lack: () => ({ why: 'bubblewrap is too old', mend: 'install bubblewrap 0.8 or newer' }),
  },
  {
    seen: says(
      /No permissions to create a? ?new namespace|unshare failed: Operation not permitted|must be superuser/,
    ),
    lack: namespaceLack,
  },
  {
    seen: says(/setting up uid map: Permission denied|RTM_NEWADDR/),
    lack: () => ({
      why: 'AppArmor forbids bubblewrap its namespaces',
      mend: "echo 'abi <abi/4.0>, profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }' > /etc/apparmor.d/bwrap && apparmor_parser -r /etc/apparmor.d/bwrap",
    }),
  },
  {
    seen: says(/No space left on device|ENOSPC/),
    lack: () => ({
      why: 'the machine gives no more user namespaces',
      mend: 'sysctl -w user.max_user_namespaces=15000',
    }),
  },
  {
    seen: says(/mount proc/),
    lack: () => ({
      why: 'the container we run in masks /proc',
      mend: 'docker run --security-opt systempaths=unconfined',
    }),
  },
  {
    seen: (fault) => fault.code === 'tun',
    lack: () => ({
      why: 'the device /dev/net/tun cannot be used',
      mend: 'modprobe tun; chmod 666 /dev/net/tun (in a container: --device /dev/net/tun)',
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
    lack: () => ({
      why: 'limits by control groups need root; memory and processes are watched instead',
      mend: 'start DevEx as root',
    }),
  },
  {
    seen: (fault) => fault.at === 'groups',
    lack: () => ({
      why: 'control groups cannot be written here; memory and processes are watched instead',
      mend: 'mount cgroups writable (in a container: --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup)',
    }),
  },
  {
    seen: (fault) => fault.code === 'timeout',
    lack: () => ({ why: 'a part of it did not answer within two seconds', mend: '' }),
  },
]

export function lackOf(fault: Fault): Lack {
  const rule = rules.find(({ seen }) => seen(fault))
  return rule?.lack(fault) ?? { why: `it does not work here: ${lastLine(fault.said)}`, mend: '' }
}

function namespaceLack(): Lack {
  if (settingOf('/proc/sys/kernel/unprivileged_userns_clone') === '0')
    return {
      why: 'this system forbids namespaces to everybody but root',
      mend: 'sysctl -w kernel.unprivileged_userns_clone=1',
    }
  const isContained = existsSync('/.dockerenv') || existsSync('/run/.containerenv')
  return {
    why: `${isContained ? 'the container we run in' : 'this system'} forbids new namespaces`,
    mend: 'docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined',
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
