// The connection as a dot: beside its word, at the top and at the foot.
import { clsx } from 'clsx'
import type { ConnectionWord } from '../link/words.ts'

const tones: Record<ConnectionWord['word'], string> = {
  connecting: 'bg-muted',
  synced: 'bg-ok',
  sending: 'bg-accent',
  offline: 'bg-warn',
  'read-only': 'bg-muted',
  stopped: 'bg-bad',
}

export function ConnectionDot({ word }: { word: ConnectionWord['word'] }) {
  return <span className={clsx('size-2 shrink-0 rounded-full', tones[word])} aria-hidden />
}
