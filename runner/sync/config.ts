// What sync reads from its environment, once.
import { SyncEnv } from '../../protocol/env.ts'

export function syncConfig(env: NodeJS.ProcessEnv): SyncEnv {
  return SyncEnv.parse(env)
}
