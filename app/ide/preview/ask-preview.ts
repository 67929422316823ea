// Asks the app where a port is seen and tells it who may see it; it keeps nothing.
import { z } from 'zod'
import { AppError } from '../../../protocol/errors.ts'
import { Preview, type Visibility } from '../../../protocol/preview.ts'
import { postToApp } from '../link/app-door.ts'

export async function askPreview(
  repl: string,
  wish: { port: number; to: string; plain: boolean },
): Promise<Preview> {
  const parsed = z.object({ preview: Preview }).safeParse(await postToApp(repl, 'preview', wish))
  if (parsed.success) return parsed.data.preview
  throw new AppError('internal', { say: 'The server gave no address for this preview.' })
}

export async function sharePreview(
  repl: string,
  wish: { port: number; visibility: Visibility },
): Promise<void> {
  await postToApp(repl, 'preview-visibility', wish)
}

/** Address of this app that leads a new tab to the preview, with a ticket of its own. */
export function tabAddress(repl: string, { port, to }: { port: number; to: string }): string {
  return `/repl/${repl}/preview?${new URLSearchParams({ port: String(port), to })}`
}
