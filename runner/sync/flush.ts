// Flush: puts one cut of a session's two folders into the object store, the manifest last; HEAD is not its business.
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Flushed, FlushRequest } from '../../protocol/control.ts'
import { AppError } from '../../protocol/errors.ts'
import { Manifest, objectFormat, objectKeys } from '../../protocol/objects.ts'
import { cutOf } from './cut.ts'
import { packer } from './pack.ts'
import { md5Of, type Remote, remoteOf, type Upload } from './remote.ts'

/** Tries at one cut whose manifests are kept apart by their number. */
const maxAttempts = 10_000

export async function flush(request: FlushRequest, signal: AbortSignal): Promise<Flushed> {
  const remote = remoteOf(request.target, signal)
  const objects = new Map<string, number>()
  const store = async (upload: Upload) => {
    await remote.put(upload)
    objects.set(upload.key, upload.bytes)
  }
  const packs = packer(({ sha256, bytes }) => store(uploadOf(objectKeys.pack(sha256), bytes)))
  const workspace = await cutOf(request.workspace, { packs, store })
  const state = await cutOf(request.state, { packs, store })
  await packs.close()
  return putManifest(
    remote,
    Manifest.parse({
      format: objectFormat,
      repl: request.target.repl,
      generation: request.target.generation,
      seq: request.seq,
      parent: request.parent ?? null,
      at: Date.now(),
      objects: [...objects].map(([key, bytes]) => ({ key, bytes })),
      workspace: workspace(),
      state: state(),
    }),
  )
}

/** The first number that is free: an earlier try may have put its own manifest, which is never changed. */
async function putManifest(remote: Remote, manifest: Manifest): Promise<Flushed> {
  const bytes = gzipSync(JSON.stringify(manifest))
  const { repl, generation, seq } = manifest
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const key = objectKeys.manifest(repl, generation, seq, attempt)
    if (!(await remote.put(uploadOf(key, bytes)))) continue
    return { key, sha256: createHash('sha256').update(bytes).digest('hex'), ...countsOf(manifest) }
  }
  throw new AppError('flush-failed', {
    say: 'This backup was tried too often.',
    log: { repl, generation, seq },
  })
}

function uploadOf(key: string, bytes: Buffer): Upload {
  return { key, bytes: bytes.length, md5: md5Of(bytes), body: () => [bytes] }
}

/** Files of both folders, and their bytes. */
export function countsOf(manifest: Manifest): { files: number; bytes: number } {
  const files = [...manifest.workspace, ...manifest.state].filter((entry) => entry.kind === 'file')
  return { files: files.length, bytes: files.reduce((sum, file) => sum + file.size, 0) }
}
