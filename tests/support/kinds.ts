// Every kind of kill point: which of an installation's processes die in one instant, and whether in a stop. Kills nothing.
import type { Level } from '../../protocol/repl.ts'
import type { Victim } from './installation.ts'
import { around } from './session-parts.ts'

/**
 * Who dies; `while` a session runs, while it is being stopped (frozen, drained, flushed, verified, released), or while it is
 * being started (restored, its views made, its programs begun).
 */
export type Kind = { victims: Victim[]; while: 'running' | 'stopping' | 'starting' }

const single = ['relay', 'runner', 'box', 'sync', 'orchestrator'] as const
const pairs = single.flatMap((one, at) => single.slice(at + 1).map((other) => [one, other]))

const running = (...victims: Victim[]): Kind => ({ victims, while: 'running' })
const stopping = (...victims: Victim[]): Kind => ({ victims, while: 'stopping' })
const starting = (...victims: Victim[]): Kind => ({ victims, while: 'starting' })

/** Every process, every two of them, the link, and those that have a part in a stop. */
const everywhere: Kind[] = [
  ...single.map((one) => running(one)),
  ...pairs.map((two) => running(...two)),
  running('link'),
  running('link', 'runner'),
  ...(['sync', 'orchestrator', 'runner', 'relay'] as const).map((one) => stopping(one)),
  stopping('sync', 'orchestrator'),
  ...single.map((one) => starting(one)),
]

/** Every process that a cage adds: alone, with the only one that would notice, in a stop and in a start; and both cages at once. */
const caged: Kind[] = [
  ...around.map((part) => running(part)),
  ...around.map((part) => running(part, 'orchestrator')),
  running('runner outermost', 'box outermost'),
  running('runner view', 'box view', 'orchestrator'),
  stopping('box'),
  ...(['runner view', 'box view', 'box outermost', 'box log'] as const).map((part) => stopping(part)),
  stopping('box outermost', 'orchestrator'),
  ...(['runner view', 'runner outermost', 'box view', 'box outermost'] as const).map((part) =>
    starting(part),
  ),
  starting('runner outermost', 'box outermost', 'orchestrator'),
]

/** By name. */
export function kindsAt(level: Level): ReadonlyMap<string, Kind> {
  const all = level === 'process' ? everywhere : [...everywhere, ...caged]
  return new Map(all.map((kind) => [nameOf(kind), kind]))
}

const when = { running: '', stopping: ' in a stop', starting: ' in a start' } as const

function nameOf(kind: Kind): string {
  return kind.victims.join(' and ') + when[kind.while]
}
