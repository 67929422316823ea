// The runner as a process: reads its launch file, starts, ends in order on a signal. Does nothing else.
import { readConfig } from './config.ts'
import { startRunner } from './start.ts'

async function main(): Promise<void> {
  const { launch, logger } = readConfig(process.argv, process.env)
  const runner = await startRunner(launch, { logger })
  let ending = false
  const end = async (signal: string): Promise<void> => {
    if (ending) return
    ending = true
    logger.info({ signal }, 'ending')
    await runner.close()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(signal))
}

void main()
