// Writes a cut down as a manifest and puts it into the store under a number of its own. What is in a cut is decided elsewhere.
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Flushed, SyncTarget } from '../../protocol/control.ts'
import { AppError } from '../../protocol/errors.ts'
import { Manifest, type ManifestEntry, objectFormat, objectKeys } from '../../protocol/objects.ts'
import { objectsOf } from './inventory.ts'
import { md5Of, type Remote, type Upload } from './remote.ts'

/** Tries at one cut whose manifests are kept apart by their number. */
const maxAttempts = 10_000

export type Cut = {
  workspace: ManifestEntry[]
  state: ManifestEntry[]
  /** When it was begun, in milliseconds since 1970: everything that was there then is in it. */
  begunAt: number
  /** Sizes of objects; at least of those in which the entries lie. */
  sizes: Map<string, number>
}
type Named = { target: SyncTarget; seq: number; parent?: string | undefined; log?: number | undefined }

export function manifestOf({ target, seq, parent, log }: Named, cut: Cut): Manifest {
  const { workspace, state, sizes, begunAt } = cut
  const keys = objectsOf([...workspace, ...state])
  return Manifest.parse({
    format: objectFormat,
    repl: target.repl,
    generation: target.generation,
    seq,
    parent: parent ?? null,
    at: begunAt,
    log,
    objects: [...keys].map((key) => ({ key, bytes: sizes.get(key) })),
    workspace,
    state,
  })
}

/** The first number that is free: an earlier try may have put its own manifest, which is never changed. */
export async function putManifest(remote: Remote, manifest: Manifest, from = 0): Promise<Flushed> {
  const bytes = gzipSync(JSON.stringify(manifest))
  const { repl, generation, seq } = manifest
  for (let attempt = from; attempt < from + maxAttempts; attempt++) {
    const key = objectKeys.manifest(repl, generation, seq, attempt)
    if (!(await remote.put(uploadOf(key, bytes)))) continue
    return { key, sha256: createHash('sha256').update(bytes).digest('hex'), ...countsOf(manifest) }
  }
  throw new AppError('flush-failed', {
    say: 'This backup was tried too often.',
    log: { repl, generation, seq },
  })
}

export function uploadOf(key: string, bytes: Buffer): Upload {
  return { key, bytes: bytes.length, md5: md5Of(bytes), body: () => [bytes] }
}

/** Files of both folders, and their bytes. */
export function countsOf(manifest: Manifest): { files: number; bytes: number } {
  const files = [...manifest.workspace, ...manifest.state].filter((entry) => entry.kind === 'file')
  return { files: files.length, bytes: files.reduce((sum, file) => sum + file.size, 0) }
}
