// The collab-server as a process: environment in, port told to the parent, signals obeyed.
import process from 'node:process'
import { configFromEnv } from './config.ts'
import { startCollabServer } from './start.ts'

const server = await startCollabServer(configFromEnv(process.env))
process.send?.({ listening: server.port })

const stop = (): void => {
  void server.close().then(() => process.exit(0))
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
