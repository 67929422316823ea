// Who we are and whether we are in a container, as far as it changes what a person must do. Chooses no words.
import { existsSync, readFileSync } from 'node:fs'

export type Circumstance = { isContained: boolean; isRoot: boolean }

export function circumstance(): Circumstance {
  return { isContained: isContained(), isRoot: process.getuid?.() === 0 }
}

function isContained(): boolean {
  const isMarked = ['/.dockerenv', '/run/.containerenv'].some((path) => existsSync(path))
  return (
    isEngineGroup(textOf('/proc/self/cgroup')) || (isMarked && isEngineMounts(textOf('/proc/self/mountinfo')))
  )
}

/** Tells nothing where a group namespace hides the way to us. docker.service is the daemon of a machine, and no container. */
export function isEngineGroup(groups: string): boolean {
  return /\/(docker|lxc|kubepods)[/-]|\/kubepods\.slice|\/docker-[0-9a-f]|\/libpod-/m.test(groups)
}

/** Engines mount this file into each container; a mark alone is also there where an image became a whole machine. */
export function isEngineMounts(mounts: string): boolean {
  return / \/etc\/hosts /.test(mounts)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
