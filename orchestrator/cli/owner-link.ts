// A fresh one-time link for the owner, asked of the running orchestrator.
import { z } from 'zod'
import { Code } from '../../protocol/ids.ts'
import { ask } from '../http-ask.ts'

/** The orchestrator answers this at once or not at all. */
const silentMs = 5_000

export async function newLink(of: { api: string; secret: string; publicUrl: string }): Promise<string> {
  const question = { at: { origin: of.api }, method: 'POST', path: '/v1/links', bearer: of.secret } as const
  const answer = await ask({ ...question, body: {}, silentMs })
  return `${of.publicUrl}/welcome/${z.object({ code: Code }).parse(answer).code}`
}
