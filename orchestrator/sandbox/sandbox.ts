// The seam of the sandbox: where a session's runner and box live. An interface; drivers are beside it.
import type { AccessChange } from '../../protocol/access.ts'
import type { Level, Use } from '../../protocol/repl.ts'

/** Absolute paths as sync and the runner see them. `state` is ours alone; `home` is the person's and is not kept. */
export type Folders = { workspace: string; state: string; home: string }

/** What a driver needs to bring a session to life. */
export type Session = {
  repl: string
  generation: number
  name: string
  /** Command of the Run button. */
  run: string
  certificate: string
  /** PKCS#8 of the session's Ed25519 key, base64. */
  privateKey: string
  /** Changes of roles that tokens may be older than. */
  access?: AccessChange[]
}

export type SandboxFacts = {
  workspace: boolean
  state: boolean
  /** True while the process lives and was started for this generation, by a driver with our present addresses. */
  runner: boolean
  box: boolean
}

/** True for what was not alive, and was started. */
export type Started = { runner: boolean; box: boolean }

/** Every method may be repeated without harm, and works for a repl that was never placed. */
export interface Sandbox {
  /** The isolation that sessions here get. */
  readonly level: Level

  /** Makes room: the sandbox's own folders, private to us. Never touches a workspace that is there. */
  place(repl: string): Promise<Folders>

  /** Two folders that do not exist yet, beside the real ones, for a restore to fill. What an earlier restore left is removed. */
  staging(repl: string): Promise<{ workspace: string; state: string }>

  /** Puts what was restored in the place of workspace and state, as one step. */
  adoptStaging(repl: string): Promise<void>

  /** Starts whichever of runner and box is not alive for this session, and says which. Resolves when they are started, not when they are well. */
  boot(session: Session): Promise<Started>

  observe(session: { repl: string; generation: number }): Promise<SandboxFacts>

  /** Ends the box and every program of the person, and waits until they are gone. The runner goes on. */
  endBox(repl: string): Promise<void>

  /** Ends every process of the sandbox, the person's too, and waits until they are gone. Folders stay. */
  end(repl: string): Promise<void>

  /** As `end`, then removes the folders. */
  release(repl: string): Promise<void>

  /** As `end`, then moves what is left of workspace and state out of the way. Deletes nothing; gives the new place. */
  setAside(repl: string): Promise<string>

  /** Unix socket of the runner's doors. */
  door(repl: string): { socket: string }

  /** The last lines that each of the two wrote, newest last, for a failed start. */
  lastLines(repl: string): Promise<Record<'runner' | 'box', string[]>>

  /** Null when none of its processes lives. */
  use(repl: string): Promise<Use | null>

  /** Tells of a repl whose process ended, where the driver hears of it. Gives the way to end it. */
  watch(tell: (repl: string) => void): () => void
}
