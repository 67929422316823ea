// The sandbox driver of one machine at level `process`: runner and box as processes of ours, without isolation.
import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { BoxLaunch, RunnerLaunch } from '../../../protocol/control.ts'
import { isFile, isFolder, removeTree, writeWhole } from '../../disk.ts'
import { isAlive, type ProcessIdentity } from '../../process-identity.ts'
import type { Folders, Sandbox, SandboxFacts, Session } from '../sandbox.ts'
import { following } from './follow.ts'
import { boxLaunch, markOf, readLaunch, runnerLaunch, stillFits, type Surroundings } from './launch.ts'
import { adoptStaging, beginStaging, makePlaces, placesOf, setAside, type Places } from './places.ts'
import { endAll } from './process-tree.ts'
import { readProcesses, startProgram, writeProcesses } from './processes.ts'

/** Runner and box get this long to end by themselves before they are killed. */
const graceMs = 3_000
/** Log lines shown with a failed start. */
const shownLines = 20

export type LocalParts = {
  data: string
  run: string
  /** Folder with runner.js and box.js. */
  programs: string
  surroundings: Surroundings
  log: Logger
}

export function localSandbox(parts: LocalParts): Sandbox {
  return new LocalSandbox(parts)
}

class LocalSandbox implements Sandbox {
  readonly level = 'process'
  readonly #parts: LocalParts
  readonly #watchers = new Set<(repl: string) => void>()
  readonly #adopted = following()
  readonly #children = new Set<number>()

  constructor(parts: LocalParts) {
    this.#parts = parts
  }

  async place(repl: string): Promise<Folders> {
    const at = this.#places(repl)
    await makePlaces(at)
    return { workspace: at.workspace, state: at.state, home: at.home }
  }

  staging(repl: string): Promise<{ workspace: string; state: string }> {
    return beginStaging(this.#places(repl))
  }

  adoptStaging(repl: string): Promise<void> {
    return adoptStaging(this.#places(repl))
  }

  async boot(session: Session): Promise<void> {
    const at = this.#places(session.repl)
    await makePlaces(at)
    const facts = await this.observe(session)
    if (!facts.box) await this.#startBox(session, at)
    if (!facts.runner) await this.#startRunner(session, at)
  }

  async observe(session: { repl: string; generation: number }): Promise<SandboxFacts> {
    const at = this.#places(session.repl)
    const known = await readProcesses(at.processes)
    const launch = await readLaunch(at.runnerLaunch, RunnerLaunch)
    const fits = launch !== null && stillFits(launch, session.generation, this.#parts.surroundings)
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

  async end(repl: string): Promise<void> {
    const at = this.#places(repl)
    const known = await readProcesses(at.processes)
    const roots = [known.runner, known.box].filter((each) => each !== null)
    // Nothing was ever started here: there is no need to look through every process of the machine.
    if (roots.length === 0 && !(await wasLaunched(at))) return
    await endAll({ roots, marks: [markOf.box(repl), markOf.runner(repl)], graceMs })
    if (roots.length > 0) await writeProcesses(at.processes, { runner: null, box: null })
  }

  async release(repl: string): Promise<void> {
    await this.end(repl)
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

  async lastLines(repl: string): Promise<string[]> {
    const { runnerLog, boxLog } = this.#places(repl)
    const texts = await Promise.all([boxLog, runnerLog].map((path) => readFile(path, 'utf8').catch(() => '')))
    return texts
      .flatMap((text) => text.trimEnd().split('\n').slice(-shownLines))
      .filter((line) => line !== '')
  }

  watch(tell: (repl: string) => void): () => void {
    this.#watchers.add(tell)
    return () => {
      this.#watchers.delete(tell)
      if (this.#watchers.size === 0) this.#adopted.close()
    }
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

  /** A dead box may have left programs behind: they go first. The runner stays, so the new box takes the secret it knows. */
  async #startBox(session: Session, at: Places): Promise<void> {
    const known = await readProcesses(at.processes)
    const roots = known.box === null ? [] : [known.box]
    if (await wasLaunched(at)) await endAll({ roots, marks: [markOf.box(session.repl)], graceMs })
    await rm(at.boxSocket, { force: true })
    const dialler = await readLaunch(at.runnerLaunch, RunnerLaunch)
    const boxSecret = dialler?.boxSecret ?? randomBytes(32).toString('hex')
    await writeWhole(
      at.boxLaunch,
      JSON.stringify(boxLaunch(session, at, { ...this.#parts.surroundings, boxSecret })),
    )
    const box = await startProgram({
      program: join(this.#parts.programs, 'box.js'),
      launch: at.boxLaunch,
      log: at.boxLog,
      cwd: at.sandbox,
      env: programEnv(this.#parts.surroundings, markOf.box(session.repl)),
      ended: this.#ended(session.repl, 'box'),
    })
    this.#children.add(box.pid)
    await writeProcesses(at.processes, { ...known, box })
  }

  /** Always with the secret that the box was started with. */
  async #startRunner(session: Session, at: Places): Promise<void> {
    const known = await readProcesses(at.processes)
    const roots = known.runner === null ? [] : [known.runner]
    if (await isFile(at.runnerLaunch)) await endAll({ roots, marks: [markOf.runner(session.repl)], graceMs })
    await rm(at.runnerSocket, { force: true })
    const boxSecret = (await readLaunch(at.boxLaunch, BoxLaunch))?.secret ?? ''
    const launch = runnerLaunch(session, at, { ...this.#parts.surroundings, boxSecret })
    await writeWhole(at.runnerLaunch, JSON.stringify(launch))
    const runner = await startProgram({
      program: join(this.#parts.programs, 'runner.js'),
      launch: at.runnerLaunch,
      log: at.runnerLog,
      cwd: at.sandbox,
      env: programEnv(this.#parts.surroundings, markOf.runner(session.repl)),
      ended: this.#ended(session.repl, 'runner'),
    })
    this.#children.add(runner.pid)
    await writeProcesses(at.processes, { ...known, runner })
  }
}

/** Our own programs get no secret by environment either; they read their launch file. */
function programEnv(surroundings: Surroundings, mark: string): Record<string, string> {
  const [name = '', value = ''] = mark.split('=')
  const { path, lang, build } = surroundings
  return { PATH: path, LANG: lang, DEVEX_BUILD: build, NODE_ENV: 'production', [name]: value }
}

/** A launch file is written before its program is started and lives as long as the sandbox. */
async function wasLaunched(at: Places): Promise<boolean> {
  return (await isFile(at.boxLaunch)) || (await isFile(at.runnerLaunch))
}

async function lives(known: ProcessIdentity | null): Promise<boolean> {
  return known !== null && (await isAlive(known))
}
