// Flush: puts one cut of a session's two folders into the object store, the manifest last; HEAD is not its business.
import type { Flushed, FlushRequest } from '../../protocol/control.ts'
import type { Manifest } from '../../protocol/objects.ts'
import { cutOf } from './cut.ts'
import { readManifest } from './from-manifest.ts'
import { Inventory, sizesOf } from './inventory.ts'
import { manifestOf, putManifest, uploadOf } from './manifest.ts'
import { objectKeys } from '../../protocol/objects.ts'
import { packer } from './pack.ts'
import { type Remote, remoteOf, type Upload } from './remote.ts'

/** A backup that is scattered over more objects than this is put together anew, so that a restore stays quick. */
const mostObjects = 256

export async function flush(request: FlushRequest, signal: AbortSignal): Promise<Flushed> {
  const begunAt = Date.now()
  const remote = remoteOf(request.target, signal)
  const known = await reusedOf(request, remote)
  const sizes = sizesOf(known)
  const store = async (upload: Upload) => {
    await remote.put(upload)
    sizes.set(upload.key, upload.bytes)
  }
  const packs = packer(({ sha256, bytes }) => store(uploadOf(objectKeys.pack(sha256), bytes)))
  const sink = { packs, store, isRunning: false }
  const notes = { leftOut: 0, parted: 0 }
  const inventory = new Inventory(known?.workspace)
  const workspace = await cutOf(request.workspace, { ...sink, inventory, notes })
  const state = await cutOf(request.state, { ...sink, inventory: new Inventory(known?.state) })
  await packs.close()
  const cut = { workspace: workspace(), state: state(), sizes, begunAt }
  const flushed = await putManifest(remote, manifestOf({ ...request, parent: request.parent?.key }, cut))
  return notes.leftOut + notes.parted > 0 ? { ...flushed, notes } : flushed
}

/** What of the store may be relied upon; null for nothing. */
async function reusedOf({ reuse, parent }: FlushRequest, remote: Remote): Promise<Manifest | null> {
  if (!reuse || parent === undefined) return null
  const manifest = await readManifest(remote, parent)
  return manifest.objects.length > mostObjects ? null : manifest
}
