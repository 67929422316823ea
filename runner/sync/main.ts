// The sync program: reads its environment, starts, tells its parent, ends in order.
import { syncConfig } from './config.ts'
import { startSync } from './start.ts'

const sync = await startSync(syncConfig(process.env))
process.send?.({ listening: sync.port })

const end = () => {
  sync.close().then(
    () => process.exit(0),
    () => process.exit(1),
  )
}
process.once('SIGTERM', end)
process.once('SIGINT', end)
