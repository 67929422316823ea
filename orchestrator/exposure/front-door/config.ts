// What the front door reads from its environment, once.
import { FrontDoorEnv } from '../../../protocol/env.ts'

export function frontDoorConfig(env: NodeJS.ProcessEnv): FrontDoorEnv {
  return FrontDoorEnv.parse(env)
}
