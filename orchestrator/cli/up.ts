// Everything on one machine: folders, secrets, ports, then our processes, one link, and an end in order. Holds no content.
import { openSync, writeSync } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { logLines } from '../../protocol/log-lines.ts'
import { takeLock } from '../ledger/embedded/lock.ts'
import { FromOrchestrator, type ToOrchestrator } from '../parent-words.ts'
import type { ProcessIdentity } from '../process-identity.ts'
import { offered } from '../sandbox/local/isolation.ts'
import type { Settings } from './args.ts'
import { type Chosen, chooseIsolation } from './isolation.ts'
import { lastIsolation, rememberIsolation } from './last-isolation.ts'
import { endLeftovers, readRunning, writeRunning } from './leftovers.ts'
import { newLink } from './owner-link.ts'
import { type Places, makePlaces, placesOf } from './places.ts'
import { chooseInnerPorts, mustBeFree } from './ports.ts'
import { originsOf, programsOf } from './programs.ts'
import { openSecrets } from './secrets.ts'
import { noteOwner, removeRunFolder, removeStale } from './run-folders.ts'
import { type Supervised, supervise } from './supervise.ts'
import { Refusal } from './words.ts'

/** A log above this is put aside at the next start; one older is kept. */
const logBytes = 10 * 1024 * 1024
/** Ending sessions by force takes no longer than this. */
const forceMs = 10_000

export type UpParts = {
  settings: Settings
  build: string
  programs: string
  templates: string
  system: NodeJS.ProcessEnv
  say: (line: string) => void
}

export type Up = {
  link: string
  /** Ends sessions in order, then the processes. */
  end(): Promise<void>
  /** Ends everything now, after saying what that means. */
  force(): Promise<void>
}

export async function up(parts: UpParts): Promise<Up> {
  const places = placesOf(parts.settings.data)
  await makePlaces(places)
  await noteOwner(places)
  const lock = await takeLock(
    places.lock,
    (pid) =>
      `The data folder ${places.data} is in use by another DevEx (process ${pid}). Stop that one, or give another folder with --data DIR.`,
  )
  const children: Supervised[] = []
  try {
    const running = await readRunning(places.running)
    await endLeftovers(running)
    await removeStale(places.run)
    await mustBeFree(parts.settings.port, parts.settings.host)
    const isolation = await isolationFor(parts, places)
    const ports = await chooseInnerPorts(running?.ports ?? null)
    const secrets = await openSecrets(places.keys)
    await setOldLogsAside(places)
    const logFile = openSync(join(places.logs, 'up.log'), 'a', 0o600)
    const log = pino(
      { base: { process: 'up' } },
      logLines((bytes) => writeSync(logFile, bytes)),
    )
    const [publicUrl = ''] = originsOf(parts.settings)
    const remember = rememberer(places, { version: 1, ports, publicUrl, processes: [] })
    const sessions = sessionEnder(parts.say)
    for (const program of programsOf({ ...parts, places, secrets, ports, isolation: isolation.level })) {
      const isOrchestrator = program.name === 'orchestrator'
      const more = isOrchestrator ? { heard: sessions.heard, listening: sessions.askAgain } : {}
      children.push(supervise(program, { log, say: parts.say, started: remember, ...more }))
    }
    await Promise.all(children.map((child) => child.ready))
    await rememberIsolation(places.data, isolation.level)
    const link = await newLink({
      api: `http://127.0.0.1:${ports.orchestrator}`,
      secret: secrets.service,
      publicUrl,
    })
    log.info({ ...isolation }, 'isolation')
    tellStarted({ ...parts, places, link, isolation })
    return {
      link,
      ...ender({ children, sessions, log, places, say: parts.say, release: () => lock.release() }),
    }
  } catch (thrown) {
    await Promise.all(children.map((child) => child.end()))
    await lock.release()
    throw thrown
  }
}

async function isolationFor({ settings, programs, system }: UpParts, places: Places): Promise<Chosen> {
  const offer = await offered({ data: places.data, run: places.run, programs, path: system['PATH'] ?? '' })
  // What was asked for by name sets it anew, whatever was before.
  const last = settings.isolation === null ? await lastIsolation(places.data) : null
  return chooseIsolation(settings.isolation, { host: settings.host, offer, last })
}

function tellStarted(of: UpParts & { places: Places; link: string; isolation: Chosen }): void {
  of.say(`DevEx is ready. Open this link once to sign in as the owner:\n\n  ${of.link}\n`)
  of.say(`Data  ${of.places.data}`)
  of.say(`Logs  ${of.places.logs}`)
  for (const line of of.isolation.say) of.say(line)
  of.say('Ctrl-C ends everything in order.')
}

/** Keeps running.json in step with the processes, one write after the other. */
function rememberer(places: Places, running: Parameters<typeof writeRunning>[1]) {
  let turn = writeRunning(places.running, running)
  return (identity: ProcessIdentity): void => {
    running.processes.push(identity)
    turn = turn.catch(() => undefined).then(() => writeRunning(places.running, running))
  }
}

type Sessions = ReturnType<typeof sessionEnder>

/** The talk with the orchestrator about ending sessions; asked again when it died meanwhile. */
function sessionEnder(say: (line: string) => void) {
  let wish: ToOrchestrator | null = null
  let send: (message: ToOrchestrator) => void = () => {}
  let settle: (unflushed: string[]) => void = () => {}
  return {
    askAgain: () => {
      if (wish !== null) send(wish)
    },
    heard: (message: unknown) => {
      const word = FromOrchestrator.safeParse(message)
      if (!word.success) return
      if (word.data.tell === 'line') say(word.data.line)
      if (word.data.tell === 'sessions-stopped') settle([])
      if (word.data.tell === 'sessions-ended') settle(word.data.unflushed)
    },
    ask(orchestrator: Supervised, next: ToOrchestrator): Promise<string[]> {
      wish = next
      send = (message) => orchestrator.send(message)
      send(next)
      return new Promise((done) => (settle = done))
    },
  }
}

type EndParts = {
  children: Supervised[]
  sessions: Sessions
  log: Logger
  places: Places
  say: (line: string) => void
  release: () => Promise<void>
}

function ender(parts: EndParts): Pick<Up, 'end' | 'force'> {
  const orchestrator = parts.children.find((child) => child.name === 'orchestrator')
  let isForced = false

  /** From the outside in: nobody is let in any more, then those go that others lean on. */
  async function endProcesses(): Promise<void> {
    for (const child of parts.children.toReversed()) await child.end()
    // Before the lock is let go: the next one with this data folder has the same.
    await removeRunFolder(parts.places)
    await parts.release()
  }

  return {
    async end() {
      parts.say('Ending the sessions. Press Ctrl-C again to end at once.')
      if (orchestrator !== undefined) await parts.sessions.ask(orchestrator, { ask: 'stop-sessions' })
      if (isForced) return
      await endProcesses()
      parts.say('Everything has ended.')
    },
    async force() {
      isForced = true
      parts.say(
        'Ending at once: running programs are lost, and what was not backed up yet stays on this disk only.',
      )
      const asked =
        orchestrator === undefined ? [] : parts.sessions.ask(orchestrator, { ask: 'end-sessions' })
      const unflushed = await Promise.race([asked, after(forceMs)])
      for (const name of unflushed)
        parts.say(
          `${name}: not backed up; its files are in ${join(parts.places.data, 'sandboxes')} and come back at the next start.`,
        )
      for (const child of parts.children) child.kill()
      await parts.release()
    },
  }
}

function after(ms: number): Promise<string[]> {
  return new Promise((done) => {
    setTimeout(() => done([]), ms).unref()
  })
}

async function setOldLogsAside(places: Places): Promise<void> {
  for (const name of ['up', 'orchestrator', 'sync', 'collab-server', 'app', 'front-door']) {
    const path = join(places.logs, `${name}.log`)
    const found = await stat(path).catch(() => null)
    if (found !== null && found.size > logBytes) await rename(path, `${path}.1`)
  }
}

/** Why it cannot start, in words; null for faults that are ours. */
export function refusalOf(thrown: unknown): string | null {
  if (thrown instanceof Refusal) return thrown.message
  return thrown instanceof Error && 'say' in thrown && typeof thrown.say === 'string' ? thrown.say : null
}
