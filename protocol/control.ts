// How the orchestrator starts, watches and ends a session: launch files, a runner's control door, and sync's requests.
import { z } from 'zod'
import { AccessChange } from './access.ts'
import { Hello } from './hello.ts'
import { Generation, ReplId, Sha256 } from './ids.ts'
import { ObjectKey } from './objects.ts'
import { Level } from './repl.ts'

/** Written by the sandbox driver (mode 0600) and read by a runner at its start; the path is its only argument. */
export const RunnerLaunch = Hello.extend({
  repl: ReplId,
  generation: Generation,
  name: z.string(),
  level: Level,
  /** Absolute folders. `state` is ours alone: log, snapshots, index. */
  workspace: z.string(),
  state: z.string(),
  /** Unix socket this runner listens on, and the one its box listens on. */
  socket: z.string(),
  boxSocket: z.string(),
  /** Shared secret of runner and box, hexadecimal. */
  boxSecret: z.string(),
  /** ws(s) origin of the relay (link at `linkPath`), and the orchestrator's key set. */
  collabUrl: z.string(),
  keysUrl: z.string(),
  /** Certificate (RunnerClaims) and the session's Ed25519 private key as PKCS#8, base64. */
  certificate: z.string(),
  privateKey: z.string(),
  /** Command of the Run button. */
  run: z.string(),
  /** Origins whose pages may open sockets here. */
  origins: z.array(z.string()),
  /** Changes of roles that tokens may be older than; later ones come by the control door. */
  access: z.array(AccessChange).exactOptional(),
})
export type RunnerLaunch = z.infer<typeof RunnerLaunch>

/** A file beside a runner's socket: there while the disk of its repl is full, made and removed by whoever watches that disk. */
export function diskFullMarkOf(socket: string): string {
  return `${socket}f`
}

/** As RunnerLaunch, for a box. Its whole environment for user programs is `env`. */
export const BoxLaunch = Hello.extend({
  repl: ReplId,
  socket: z.string(),
  /** Standard input is that socket already, and listens; its folder is not in the box's view. Left out: the box makes it. */
  listens: z.literal(true).exactOptional(),
  secret: z.string(),
  workspace: z.string(),
  home: z.string(),
  env: z.record(z.string(), z.string()),
  /**
   * Whose loopback the box's programs listen on. `own`: a network namespace of the box alone, every port in it is theirs.
   * `shared`: the machine's, where only the ports of the box's own programs are listed and may be dialled. Left out: `shared`.
   */
  network: z.enum(['own', 'shared']).exactOptional(),
  /** Unix socket of a proxy to the internet, and the port of the box's own loopback at which programs find it; left out where none is needed. */
  egress: z.object({ socket: z.string(), port: z.number().int() }).exactOptional(),
})
export type BoxLaunch = z.infer<typeof BoxLaunch>

/**
 * A runner's control door: HTTP on its socket, `authorization: Bearer <token with ControlClaims>`.
 *
 *   GET  /r/<repl>/control/health   → RunnerHealth
 *   POST /r/<repl>/control/quiesce  {say} → {seq}: relay frozen and drained, programs ended, last ingest and snapshot done, all fdatasynced
 *   POST /r/<repl>/control/resume   → {}: the stop was called off; take edits again
 *   POST /r/<repl>/control/kept     a frame of frames.ts, KeptWork and its bytes → TookKept: brings in what an overtaken session left
 *   POST /r/<repl>/control/access   TellAccess → {}: roles have changed; holds for whoever is connected, at once
 *   POST /r/<repl>/control/certify  {certificate} → {}: a later one for the same key, used at the next dial of the relay
 */
export const RunnerHealth = Hello.extend({
  repl: ReplId,
  generation: Generation,
  /** True when the link to the relay is up and proven, and the box answers. */
  joined: z.boolean(),
  boxReady: z.boolean(),
  linkReady: z.boolean(),
  seq: z.number().int().min(0),
  /** What an operator should look at, in words: damage found in the log, a disk that refuses. Left out when all is well. */
  alarm: z.string().exactOptional(),
})
export type RunnerHealth = z.infer<typeof RunnerHealth>
export const TellAccess = z.object({ changes: z.array(AccessChange) })
export const Quiesce = z.object({ say: z.string() })
/** Bytes of one overtaken session's work, at most: it passes through memory. More is taken as a zip, by a person. */
export const keptBytes = 64 * 1024 * 1024
/** What an overtaken session (`of`: its generation) left: `log` bytes of a log object, then a zip of files; either may be empty. */
export const KeptWork = z.object({ of: Generation, log: z.number().int().min(0) })
export type KeptWork = z.infer<typeof KeptWork>
export const Certify = z.object({ certificate: z.string().min(1) })
export const Quiesced = z.object({ seq: z.number().int().min(0) })

/** Where sync asks for signed URLs and hands in manifests: the orchestrator, with a grant bound to repl and generation. */
export const SyncTarget = z.object({
  api: z.string(),
  grant: z.string(),
  repl: ReplId,
  generation: Generation,
})
export type SyncTarget = z.infer<typeof SyncTarget>

/**
 * sync's own door on one machine: HTTP on loopback, `authorization: Bearer <secret>`.
 *
 *   POST /restore RestoreRequest → lines of JSON RestoreProgress, the last with `done: true` or `failed`
 *   POST /flush   FlushRequest   → Flushed
 *   POST /follow  FollowRequest  → lines of JSON FollowProgress for as long as the caller stays, or until `ended`
 *   POST /zip     ZipRequest     → the workspace as a zip, as it is read
 *
 * One of the first three at a time runs on a workspace: a newer one ends the older and begins when it is at rest.
 */
export const RestoreRequest = z.object({
  target: SyncTarget,
  workspace: z.string(),
  state: z.string(),
  /** A verified manifest's address, or the folder that holds a template's files, for the very first start. */
  source: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('manifest'), key: z.string(), sha256: Sha256 }),
    z.object({ kind: z.literal('template'), folder: z.string() }),
  ]),
  /** Log objects that came after the source, in order: laid over its log. */
  log: z.array(ObjectKey).default([]),
})
export type RestoreRequest = z.infer<typeof RestoreRequest>
export const RestoreProgress = z.union([
  z.object({ done: z.literal(false), files: z.number(), ofFiles: z.number(), bytes: z.number() }),
  /** `unread`: log objects, the last ones, that were missing or damaged; left out when all were laid over. */
  z.object({
    done: z.literal(true),
    files: z.number(),
    bytes: z.number(),
    unread: z.number().optional(),
  }),
  z.object({ failed: z.string() }),
])
export type RestoreProgress = z.infer<typeof RestoreProgress>

/** A manifest that was verified once, as HEAD names it. */
export const VerifiedManifest = z.object({ key: z.string(), sha256: Sha256 })
export type VerifiedManifest = z.infer<typeof VerifiedManifest>

export const FlushRequest = z.object({
  target: SyncTarget,
  workspace: z.string(),
  state: z.string(),
  seq: z.number().int().min(0),
  /** The manifest that HEAD names now, so that manifests form a chain; left out before the first. */
  parent: VerifiedManifest.optional(),
  /** False: nothing that the store holds is relied upon, everything is put again (what is there whole costs nothing). */
  reuse: z.boolean().default(true),
  /** Number of the first log object of this generation that does not exist. */
  log: z.number().int().min(0).optional(),
})
export type FlushRequest = z.infer<typeof FlushRequest>
/** What a backup cannot keep as it is: pipes, sockets and devices are left out, files with several names become one each. */
export const FlushNotes = z.object({ leftOut: z.number().int().min(0), parted: z.number().int().min(0) })
export type FlushNotes = z.infer<typeof FlushNotes>

/** The manifest that was uploaded; not yet verified, HEAD not yet moved. `notes`: only when there is something to say. */
export const Flushed = z.object({
  key: z.string(),
  sha256: Sha256,
  files: z.number(),
  bytes: z.number(),
  notes: FlushNotes.exactOptional(),
})
export type Flushed = z.infer<typeof Flushed>

/** Keeps the store close behind a running session: log within 2 s, other files within 30 s. */
export const FollowRequest = z.object({
  target: SyncTarget,
  workspace: z.string(),
  state: z.string(),
  seq: z.number().int().min(0),
  parent: VerifiedManifest.optional(),
  /** Number of the next log object of this generation. */
  log: z.number().int().min(0),
})
export type FollowRequest = z.infer<typeof FollowRequest>
export const FollowProgress = z.discriminatedUnion('told', [
  /** Said now and then, so that both sides know of each other. */
  z.object({ told: z.literal('here') }),
  z.object({ told: z.literal('shipped'), key: z.string(), bytes: z.number() }),
  z.object({ told: z.literal('committed'), key: z.string(), at: z.number() }),
  /** Something failed and is tried again. */
  z.object({ told: z.literal('trouble'), say: z.string() }),
  /** Log and files could both be backed up when last tried: told at first, and when that is so again after trouble. */
  z.object({ told: z.literal('well') }),
  /** A newer session has begun; what this one had not backed up is parked. */
  z.object({ told: z.literal('fenced'), say: z.string() }),
  /** The last line. */
  z.object({ told: z.literal('ended'), say: z.string() }),
])
export type FollowProgress = z.infer<typeof FollowProgress>

export const ZipRequest = z.object({ workspace: z.string() })
