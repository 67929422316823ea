// Folders that are still there after a power loss: making them, and making their new names last.
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes names that were added to or removed from `folder` durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes `folder` and what is missing above it; each new name is durable when this resolves. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let at = folder; at.length >= first.length; at = dirname(at)) await syncFolder(dirname(at))
}
