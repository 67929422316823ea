// Who we are and in whose container, as far as it changes what a person must do. Chooses no words.
import { existsSync, readFileSync } from 'node:fs'

/** `other`: Kubernetes, LXC and the like, whose people start nothing by `docker run`. */
export type Engine = 'docker' | 'podman' | 'other'

/** `engine`: of the container that we are in; null on a machine of its own. */
export type Circumstance = { engine: Engine | null; isRoot: boolean }

export function circumstance(): Circumstance {
  return { engine: engineOf(systemFacts()), isRoot: process.getuid?.() === 0 }
}

/** What a process can see of the container around it. */
export type Facts = {
  /** /proc/self/cgroup; tells nothing where a group namespace hides the way to us. */
  groups: string
  /** /proc/self/mountinfo. */
  mounts: string
  /** Whose mark lies in the file system. It is also there where an image became a whole machine. */
  mark: 'docker' | 'podman' | null
}

export function engineOf({ groups, mounts, mark }: Facts): Engine | null {
  return engineOfGroups(groups) ?? engineOfMounts(mounts, mark)
}

/** Docker below Kubernetes is Kubernetes'. docker.service and docker-registry.service are services of a machine, and no containers. */
function engineOfGroups(groups: string): Engine | null {
  if (/\/kubepods[/.-]/.test(groups)) return 'other'
  if (/\/docker[-/][0-9a-f]{12,}/.test(groups)) return 'docker'
  if (/\/libpod-[0-9a-f]{12,}/.test(groups)) return 'podman'
  return /\/lxc(\/|\.payload)/.test(groups) ? 'other' : null
}

/** Engines lay this file into each container, from a folder of theirs. */
function engineOfMounts(mounts: string, mark: Facts['mark']): Engine | null {
  const from = /^\S+ \S+ \S+ (\S+) \/etc\/hosts /m.exec(mounts)?.[1]
  if (from === undefined) return null
  return /\/pods\/[^/]+\/etc-hosts$/.test(from) ? 'other' : mark
}

function systemFacts(): Facts {
  return {
    groups: textOf('/proc/self/cgroup'),
    mounts: textOf('/proc/self/mountinfo'),
    mark: existsSync('/.dockerenv') ? 'docker' : existsSync('/run/.containerenv') ? 'podman' : null,
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
