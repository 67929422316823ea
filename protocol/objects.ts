// What lies in an object store: keys, HEAD, manifests and packs. The same in a folder and in S3.
import { z } from 'zod'
import { Generation, ReplId, Sha256 } from './ids.ts'

export const objectFormat = 1

/** First bytes of a pack: "DVXPACK" and its version. After them, gzip members end to end; a manifest says where each begins. */
export const packMagic = Uint8Array.of(0x44, 0x56, 0x58, 0x50, 0x41, 0x43, 0x4b, 1)
/** Bytes of content after which a new pack is begun; files above it become blobs of their own. */
export const packTargetBytes = 16 * 1024 * 1024
export const blobFromBytes = 1024 * 1024

export const objectKeys = {
  head: (repl: string) => `v1/repls/${repl}/HEAD.json`,
  manifest: (repl: string, generation: number, seq: number, attempt: number) =>
    `v1/repls/${repl}/manifests/${generation}-${seq}-${attempt}`,
  pack: (sha256: string) => `v1/packs/${sha256}`,
  blob: (sha256: string) => `v1/blobs/${sha256}`,
  /** The `n`-th piece of log that a session shipped, from 0. */
  log: (repl: string, generation: number, n: number) => `v1/repls/${repl}/log/${generation}-${n}`,
  orphan: (repl: string, generation: number, name: string) =>
    `v1/repls/${repl}/orphans/${generation}/${name}`,
  ofRepl: (repl: string) => `v1/repls/${repl}/`,
  logsOf: (repl: string) => `v1/repls/${repl}/log/`,
}

/** Generation and number of a log object's key, or null when it is none. */
export function logNumber(objectKey: string): { generation: number; n: number } | null {
  const parts = /\/log\/(\d+)-(\d+)$/.exec(objectKey)
  return parts === null ? null : { generation: Number(parts[1]), n: Number(parts[2]) }
}

/** The numbers in a manifest's key, or null when it is none. */
export function manifestNumber(
  objectKey: string,
): { generation: number; seq: number; attempt: number } | null {
  const parts = /\/manifests\/(\d+)-(\d+)-(\d+)$/.exec(objectKey)
  if (parts === null) return null
  return { generation: Number(parts[1]), seq: Number(parts[2]), attempt: Number(parts[3]) }
}

const key = '[a-z2-7]{20}'
/** Every key that may exist; anything else is refused by a store and by its signer. */
export const ObjectKey = z
  .string()
  .regex(
    new RegExp(
      `^v1/(repls/${key}/(HEAD\\.json|manifests/\\d+-\\d+-\\d+|log/\\d+-\\d+|orphans/\\d+/\\w[\\w.-]*)|packs/[0-9a-f]{64}|blobs/[0-9a-f]{64})$`,
    ),
  )

/** The only mutable object of a repl, moved by the orchestrator alone, by compare-and-set on `generation` and `seq`. */
export const Head = z.object({
  format: z.literal(objectFormat),
  repl: ReplId,
  generation: Generation,
  seq: z.number().int().min(0),
  manifest: z.string(),
  sha256: Sha256,
  at: z.number(),
  /** As in the manifest. */
  log: z.number().int().min(0).optional(),
})
export type Head = z.infer<typeof Head>

/** First bytes of a log object: "DVXPIEC" and its version; then a frame of frames.ts: LogPieces and the bytes, end to end. */
export const logMagic = Uint8Array.of(0x44, 0x56, 0x58, 0x50, 0x49, 0x45, 0x43, 1)
/** Bytes of log in one object, at most: what a session may hold back is at most some of them. */
export const logObjectBytes = 16 * 1024 * 1024
/** Which bytes of the log's segments an object holds: `bytes` of `segment` from byte `at` on. */
export const LogPieces = z.object({
  pieces: z.array(
    z.object({
      segment: z.string().regex(/^\d+-\d+$/),
      at: z.number().int().min(0),
      bytes: z.number().int().min(1),
    }),
  ),
})
export type LogPieces = z.infer<typeof LogPieces>
/** Folder of the log's segments within the state folder. */
export const logFolder = 'log'

/**
 * Where a file's bytes lie: a gzip member of a pack (`offset` and `length` of the member), a whole blob (not compressed), or
 * ranges of objects end to end (not compressed): so a segment of the log that was shipped in pieces need not be shipped again.
 */
export const Location = z.discriminatedUnion('in', [
  z.object({
    in: z.literal('pack'),
    pack: Sha256,
    offset: z.number().int().min(0),
    length: z.number().int().min(0),
  }),
  z.object({ in: z.literal('blob'), blob: Sha256 }),
  z.object({
    in: z.literal('pieces'),
    pieces: z.array(
      z.object({ key: ObjectKey, offset: z.number().int().min(0), length: z.number().int().min(1) }),
    ),
  }),
])
export type Location = z.infer<typeof Location>

const utf8 = { decode: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }), encode: new TextEncoder() }
const rawPrefix = 'base64:'

/** How the bytes of a path or a link's target are written in a manifest: text, or `base64:` when they are not UTF-8 (or look like that prefix). */
export function pathText(bytes: Uint8Array): string {
  const text = decodedOrNull(bytes)
  if (text !== null && !text.startsWith(rawPrefix)) return text
  return rawPrefix + btoa(String.fromCharCode(...bytes))
}

/** The bytes that `pathText` wrote, or null when it would have written them otherwise: each path has one spelling. */
export function pathBytes(text: string): Uint8Array | null {
  if (!text.startsWith(rawPrefix)) return /\p{Surrogate}/u.test(text) ? null : utf8.encode.encode(text)
  const bytes = fromBase64(text.slice(rawPrefix.length))
  return bytes !== null && pathText(bytes) === text ? bytes : null
}

function decodedOrNull(bytes: Uint8Array): string | null {
  try {
    return utf8.decode.decode(bytes)
  } catch {
    return null
  }
}

function fromBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}

const common = {
  /** Workspace-relative, as `pathText` writes it. */
  path: z.string().min(1),
  /** Permission bits, 0 to 0o7777. */
  mode: z.number().int().min(0).max(0o7777),
  /** Nanoseconds since 1970, as a decimal string. */
  mtimeNs: z.string().regex(/^-?\d+$/),
}
export const ManifestEntry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('folder'), ...common }),
  /** `target` as `pathText` writes it. */
  z.object({ kind: z.literal('link'), ...common, target: z.string() }),
  z.object({
    kind: z.literal('file'),
    ...common,
    size: z.number().int().min(0),
    sha256: Sha256,
    at: Location,
  }),
])
export type ManifestEntry = z.infer<typeof ManifestEntry>

/** One cut {log seq, files}: its log is at least as new as its files. Stored as gzip of JSON; `sha256` of a manifest is that of the stored bytes. */
export const Manifest = z.object({
  format: z.literal(objectFormat),
  repl: ReplId,
  generation: Generation,
  seq: z.number().int().min(0),
  /** Key of the manifest before it, null for the first. */
  parent: z.string().nullable(),
  /** When the cut was begun, in milliseconds since 1970: whatever was there then is in it. */
  at: z.number(),
  /** Log objects of this generation below this number are in the cut; those from it on came later. Left out: none came. */
  log: z.number().int().min(0).optional(),
  /** Every object that this manifest refers to, with its size in bytes. */
  objects: z.array(z.object({ key: ObjectKey, bytes: z.number().int().min(0) })),
  /** The person's files, and ours (log, snapshots, index). Sorted by path. */
  workspace: z.array(ManifestEntry),
  state: z.array(ManifestEntry),
})
export type Manifest = z.infer<typeof Manifest>

/**
 * sync → orchestrator, `authorization: Bearer <grant>` (bound to repl and generation; an old one gets 409 `stale-generation`):
 *
 *   POST /v1/objects/sign  SignRequest → {urls: [{key, put?, get?}]}; a `put` that exists already is left out (nothing to do)
 *   PUT <url>  write-once, exact length, Content-MD5 checked;  GET <url>
 *   POST /v1/objects/commit CommitRequest → Committed: the manifest is verified and HEAD moved, if HEAD still is its parent
 *   POST /v1/objects/park   {} → Parking: for a writer of an older generation, a grant for `orphans/<its generation>/` alone
 *   POST /v1/objects/parked Parked → {}: with that grant, when everything of the delta is there
 */
export const SignRequest = z.object({
  put: z.array(z.object({ key: ObjectKey, bytes: z.number().int().min(0), md5: z.string() })).max(1000),
  get: z.array(ObjectKey).max(1000),
})
export const Signed = z.object({
  urls: z.array(z.object({ key: ObjectKey, put: z.string().optional(), get: z.string().optional() })),
})

export const CommitRequest = z.object({ key: ObjectKey, sha256: Sha256 })
export type CommitRequest = z.infer<typeof CommitRequest>
/** `at`: what was there then is backed up now. */
export const Committed = z.object({ at: z.number() })
export type Committed = z.infer<typeof Committed>
export const Parking = z.object({ grant: z.string() })
/** What a fenced writer left: a zip of its changed files, and its log since the last piece; each null when there was none. */
export const Parked = z.object({
  files: z.object({ key: ObjectKey, files: z.number(), bytes: z.number() }).nullable(),
  log: z.object({ key: ObjectKey, bytes: z.number() }).nullable(),
})
export type Parked = z.infer<typeof Parked>
