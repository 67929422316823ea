// Keeps writers of older generations out: one rule, asked wherever something of a repl is about to change. Knows no store.
import { AppError } from '../protocol/errors.ts'

export type Writer = { repl: string; generation: number }
/** Throws `stale-generation` when `newest` is not the writer's own generation, or an older one. */
export type Fence = (writer: Writer, newest: number) => void

export const fence: Fence = (writer, newest) => {
  if (newest > writer.generation)
    throw new AppError('stale-generation', {
      say: 'A newer session of this REPL has begun. The files of this one are kept where they are.',
      log: { ...writer, newest },
    })
}
