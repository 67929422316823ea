// Which programs of the system the tests want, and which of them this machine lacks.
import { spawnSync } from 'node:child_process'

const wanted = [
  { name: 'chromium', tests: 'journeys in the browser' },
  { name: 'git', tests: 'tools that change files' },
  { name: 'python3', tests: 'the python template' },
  { name: 'bash', tests: 'shells' },
  { name: 'openssl', tests: 'previews at a wildcard name, over TLS' },
  { name: 'bwrap', tests: 'isolation' },
  { name: 'pasta', tests: 'isolation with a network' },
  { name: 'nft', tests: 'isolation with a network' },
]

/** True when a program of this name can be found. */
export function hasProgram(name) {
  return spawnSync('sh', ['-c', 'command -v "$0"', name], { stdio: 'ignore' }).status === 0
}

export function missingParts() {
  return wanted.filter((part) => !hasProgram(part.name))
}
