// The orchestrator's process: settings in, parts up, signals and the parent's wishes answered in order. No logic of its own.
import { writeSync } from 'node:fs'
import { pino } from 'pino'
import { asAppError } from '../protocol/errors.ts'
import { logLines } from '../protocol/log-lines.ts'
import { readConfig } from './config.ts'
import { type FromOrchestrator, ToOrchestrator } from './parent-words.ts'
import { type Orchestrator, startOrchestrator } from './start.ts'

const lines = logLines((bytes) => writeSync(1, bytes))
const tell = (message: FromOrchestrator | { listening: number }) => process.send?.(message)

async function answer(orchestrator: Orchestrator, message: unknown): Promise<void> {
  const wish = ToOrchestrator.safeParse(message)
  if (!wish.success) return
  if (wish.data.ask === 'stop-sessions') {
    await orchestrator.sessions.stopAll((line) => tell({ tell: 'line', line }))
    tell({ tell: 'sessions-stopped' })
  } else {
    tell({ tell: 'sessions-ended', unflushed: await orchestrator.sessions.endAll() })
  }
}

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const log = pino({ level: config.logLevel, base: { process: 'orchestrator' } }, lines)
  const orchestrator = await startOrchestrator(config, { log })
  let isClosing = false
  const close = () => {
    if (isClosing) return
    isClosing = true
    orchestrator.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGTERM', close)
  process.on('SIGINT', close)
  // The parent is gone: its terminal too. Sessions go on and are adopted by the next start.
  process.on('disconnect', close)
  process.on('message', (message) => {
    answer(orchestrator, message).catch((thrown: unknown) =>
      log.error({ err: thrown }, 'the parent got no answer'),
    )
  })
  log.info({ port: orchestrator.port }, 'listening')
  tell({ listening: orchestrator.port })
}

main().catch((thrown: unknown) => {
  const error = asAppError(thrown)
  pino({ base: { process: 'orchestrator' } }, lines).fatal(
    { code: error.code, ...error.log, err: error.cause },
    error.say,
  )
  process.exitCode = 1
  process.disconnect?.()
})
