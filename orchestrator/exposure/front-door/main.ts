// The front door's program: reads its environment, starts, tells its parent, ends in order.
import { frontDoorConfig } from './config.ts'
import { startFrontDoor } from './start.ts'

const door = await startFrontDoor(frontDoorConfig(process.env))
process.send?.({ listening: door.port })

const end = () => {
  door.close().then(
    () => process.exit(0),
    () => process.exit(1),
  )
}
process.once('SIGTERM', end)
process.once('SIGINT', end)
