// How far a session is kept apart from its machine, in words that a person can judge by.
import type { Level } from '../../protocol/repl.ts'

const words: Record<Level, { name: string; say: string }> = {
  process: {
    name: 'Not isolated',
    say: 'Programs here run as ordinary processes of this machine and can reach its files and network. Invite only people you trust with it.',
  },
  bwrap: {
    name: 'Own files',
    say: 'Programs here see a file system of their own, and reach the web through a proxy only. They share processor and memory with this machine.',
  },
  'bwrap+net': {
    name: 'Own files and network',
    say: 'Programs here see a file system and a network of their own. They share processor and memory with this machine.',
  },
  'bwrap+net+cgroup': {
    name: 'Isolated',
    say: 'Programs here see a file system and a network of their own, and get a bounded share of processor and memory.',
  },
}

export function levelWords(level: Level): { name: string; say: string } {
  return words[level]
}
