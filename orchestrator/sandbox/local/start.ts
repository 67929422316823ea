// The sandbox driver of one machine: runner and box as processes of ours, each in the cage that the level gives it.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { BoxLaunch, RunnerLaunch } from '../../../protocol/control.ts'
import type { Level, Use } from '../../../protocol/repl.ts'
import { isFolder, removeTree } from '../../disk.ts'
import { isAlive, type ProcessIdentity } from '../../process-identity.ts'
import type { Folders, Sandbox, SandboxFacts, Session, Started } from '../sandbox.ts'
import { type BootParts, endBox, graceMs, prepare, startBox, startRunner, wasLaunched } from './boot.ts'
import type { Cage, Limits } from './cage.ts'
import { egressIn } from './isolation.ts'
import { following } from './follow.ts'
import { markOf, readLaunch, stillFits, type Surroundings } from './launch.ts'
import type { Groups } from './groups.ts'
import { given, type Owners } from './owners.ts'
import { adoptStaging, beginStaging, makePlaces, placesOf, setAside, type Places } from './places.ts'
import { endAll } from './process-tree.ts'
import { readProcesses, writeProcesses } from './processes.ts'
import { type Proxy, startProxy } from './proxy.ts'
import { useOf } from './use.ts'
import { usualPace, type Watched, watchUse } from './watch-use.ts'

/** Milliseconds for which what a sandbox uses is taken as it was told. */
const useMs = 3_000
/** Log lines shown with a failed start. */
const shownLines = 30

export type LocalParts = {
  data: string
  run: string
  cage: Cage
  /** Null when everything in a sandbox is ours. */
  owners: Owners | null
  groups: Groups | null
  limits: Limits | null
  /** How often the use of boxes is looked at; for tests that cannot wait. */
  pace?: typeof usualPace
  surroundings: Surroundings
  log: Logger
}

export function localSandbox(parts: LocalParts): Sandbox {
  return new LocalSandbox(parts)
}

class LocalSandbox implements Sandbox {
  readonly level: Level
  readonly #parts: LocalParts & BootParts
  readonly #watchers = new Set<(repl: string) => void>()
  readonly #adopted = following()
  readonly #children = new Set<number>()
  readonly #uses = new Map<string, { use: Promise<Use | null>; time: number }>()
  #use: { close(): void } | null = null
  #proxy: Promise<Proxy | null> | null = null

  constructor(parts: LocalParts) {
    this.level = parts.cage.level
    this.#parts = { ...parts, ended: (repl, what) => this.#ended(repl, what) }
  }

  async place(repl: string): Promise<Folders> {
    const at = this.#places(repl)
    await makePlaces(at)
    return { workspace: at.workspace, state: at.state, home: at.home }
  }

  staging(repl: string): Promise<{ workspace: string; state: string }> {
    return beginStaging(this.#places(repl))
  }

  async adoptStaging(repl: string): Promise<void> {
    const at = this.#places(repl)
    const { owners } = this.#parts
    await adoptStaging(at, async (folders) => {
      if (owners === null) return
      const owner = await owners.of(at)
      await owners.give(owner, [...folders, at.home])
      await given.note(at, owner)
    })
  }

  async boot(session: Session): Promise<Started> {
    const at = this.#places(session.repl)
    await makePlaces(at)
    const known = await readProcesses(at.processes)
    // Never a runner of one level beside a box of another.
    if (known.level !== this.level) await this.end(session.repl)
    const facts = await this.observe(session)
    const started = { runner: !facts.runner, box: !facts.box }
    if (!started.runner && !started.box) return started
    const starting = { session, at, owner: await prepare(this.#parts, at) }
    if (started.box) this.#children.add((await startBox(this.#parts, starting)).pid)
    if (started.runner) this.#children.add((await startRunner(this.#parts, starting)).pid)
    return started
  }

  async observe(session: { repl: string; generation: number }): Promise<SandboxFacts> {
    const at = this.#places(session.repl)
    const known = await readProcesses(at.processes)
    const launch = await readLaunch(at.runnerLaunch, RunnerLaunch)
    const wanted = { ...session, level: this.level, surroundings: this.#parts.surroundings }
    const fits = launch !== null && stillFits(launch, wanted)
    const [runner, box] = [await lives(known.runner), await lives(known.box)]
    if (runner && known.runner !== null) this.#adopt(session.repl, 'runner', known.runner)
    if (box && known.box !== null) this.#adopt(session.repl, 'box', known.box)
    return {
      workspace: await isFolder(at.workspace),
      state: await isFolder(at.state),
      runner: fits && runner,
      box: box && (await readLaunch(at.boxLaunch, BoxLaunch)) !== null,
    }
  }

  async endBox(repl: string): Promise<void> {
    const at = this.#places(repl)
    await endBox(at, repl)
    const known = await readProcesses(at.processes)
    if (known.box !== null) await writeProcesses(at.processes, { ...known, box: null })
  }

  async end(repl: string): Promise<void> {
    const at = this.#places(repl)
    const known = await readProcesses(at.processes)
    const roots = [known.runner, known.box].filter((each) => each !== null)
    // Nothing was ever started here: there is no need to look through every process of the machine.
    if (roots.length === 0 && !(await wasLaunched(at))) return
    const marks = [markOf.box(repl), markOf.runner(repl)]
    await endAll({ roots, marks, programs: ['runner.js', 'box.js'], graceMs })
    await this.#parts.groups?.remove(repl)
    if (roots.length > 0) await writeProcesses(at.processes, { ...known, runner: null, box: null })
  }

  async release(repl: string): Promise<void> {
    await this.end(repl)
    this.#uses.delete(repl)
    await removeTree(this.#places(repl).run)
    await removeTree(this.#places(repl).sandbox)
  }

  async setAside(repl: string): Promise<string> {
    await this.end(repl)
    return setAside(this.#places(repl), repl)
  }

  door(repl: string): { socket: string } {
    return { socket: this.#places(repl).runnerSocket }
  }

  async lastLines(repl: string): Promise<Record<'runner' | 'box', string[]>> {
    const { runnerLog, boxLog } = this.#places(repl)
    const of = async (path: string): Promise<string[]> => {
      const lines = (await readFile(path, 'utf8').catch(() => '')).trimEnd().split('\n')
      return lines.slice(-shownLines).filter((line) => line !== '')
    }
    return { runner: await of(runnerLog), box: await of(boxLog) }
  }

  watch(tell: (repl: string) => void): () => void {
    this.#watchers.add(tell)
    this.#use ??= this.#watchUse()
    this.#proxy ??= this.#openProxy()
    return () => {
      this.#watchers.delete(tell)
      if (this.#watchers.size > 0) return
      this.#adopted.close()
      this.#use?.close()
      this.#use = null
      void this.#proxy?.then((proxy) => proxy?.close())
      this.#proxy = null
    }
  }

  /** Looked at anew at most every few seconds, however many ask. */
  use(repl: string): Promise<Use | null> {
    const known = this.#uses.get(repl)
    if (known !== undefined && Date.now() - known.time < useMs) return known.use
    const use = this.#look(repl)
    this.#uses.set(repl, { use, time: Date.now() })
    return use
  }

  async #look(repl: string): Promise<Use | null> {
    const at = this.#places(repl)
    const { runner, box } = await readProcesses(at.processes)
    const roots = await Promise.all([runner, box].map(async (known) => ((await lives(known)) ? known : null)))
    const pids = roots.flatMap((root) => (root === null ? [] : [root.pid]))
    return pids.length === 0 ? null : useOf(pids, at, this.#parts.limits)
  }

  /** Without it boxes of this level run, but reach nothing; with it they reach the internet. */
  async #openProxy(): Promise<Proxy | null> {
    const { cage, run, log } = this.#parts
    if (cage.egress === null) return null
    return startProxy({ socket: join(egressIn(run), 's'), log }).catch((fault: unknown) => {
      log.error({ err: fault }, 'the proxy of boxes without a network could not be started')
      return null
    })
  }

  #watchUse(): { close(): void } | null {
    const { limits, groups, log, pace } = this.#parts
    if (limits === null) return null
    const sessions = () => this.#running()
    return watchUse({
      limits,
      memory: groups === null,
      sessions,
      log,
      ...(pace === undefined ? {} : { pace }),
    })
  }

  /** Boxes that live, whoever started them. */
  async #running(): Promise<Watched[]> {
    const names = await readdir(join(this.#parts.data, 'sandboxes')).catch(() => [])
    const found = await Promise.all(
      names.map(async (repl) => {
        const at = this.#places(repl)
        const { box, runner } = await readProcesses(at.processes)
        if (box === null || !(await isAlive(box))) return null
        return { repl, box: box.pid, runner: (await lives(runner)) ? (runner?.pid ?? null) : null, at }
      }),
    )
    return found.filter((each) => each !== null)
  }

  #places(repl: string): Places {
    return placesOf(this.#parts, repl)
  }

  #ended(repl: string, what: string): (how: object) => void {
    return (how) => {
      this.#parts.log.info({ repl, process: what, ...how }, 'a process of a session ended')
      for (const tell of this.#watchers) tell(repl)
    }
  }

  /** Our own children tell when they end; those of an earlier orchestrator are followed. */
  #adopt(repl: string, what: string, identity: ProcessIdentity): void {
    if (this.#watchers.size === 0 || this.#children.has(identity.pid)) return
    this.#adopted.follow(identity, () => this.#ended(repl, what)({ adopted: true }))
  }
}

async function lives(known: ProcessIdentity | null): Promise<boolean> {
  return known !== null && (await isAlive(known))
}
