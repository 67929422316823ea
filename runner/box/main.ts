// The box as a program: reads its launch file (the only argument), starts, tells its parent, ends in order on a signal.
import { readFileSync, writeSync } from 'node:fs'
import { pino } from 'pino'
import { BoxLaunch } from '../../protocol/control.ts'
import { logLines } from '../../protocol/log-lines.ts'
import { startBox } from './start.ts'

const log = pino(logLines((bytes) => writeSync(1, bytes)))

async function main(): Promise<void> {
  const file = process.argv[2]
  if (!file) throw new Error('usage: box <launch file>')
  const launch = BoxLaunch.parse(JSON.parse(readFileSync(file, 'utf8')))
  const box = await startBox(launch, { log })
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'the box ends')
    box.close().then(
      () => process.exit(0),
      (fault: unknown) => {
        log.error({ err: fault }, 'the box did not end in order')
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.send?.({ ready: true })
}

main().catch((fault: unknown) => {
  log.error({ err: fault }, 'the box could not start')
  process.exit(1)
})
