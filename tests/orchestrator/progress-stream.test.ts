// The stream of a repl's progress, alone: what happens while it begins.
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { streamProgress } from '../../orchestrator/api/progress-stream.ts'
import type { Repl } from '../../protocol/repl.ts'
import { eventually } from '../support/eventually.ts'

test('a repl that changes while a page begins to listen is told after the head, in its newest state', async () => {
  let told: (repl: Repl) => void = () => undefined
  const named = (name: string) => ({ name }) as Repl
  const parts = {
    now: async () => named('old'),
    since: async () => (told(named('newer')), []),
    watchEvents: () => () => undefined,
    watchRepl: (who: { changed: (repl: Repl) => void }) => ((told = who.changed), () => undefined),
  }
  const faults: unknown[] = []
  const app = express().get(
    '/',
    (req, res) => void streamProgress(parts, req, res).catch((f) => faults.push(f)),
  )
  const server = createServer(app).listen(0, '127.0.0.1')
  onTestFinished(() => (server.closeAllConnections(), void server.close()))
  await eventually(() => server.listening)

  let [type, said] = ['', '']
  get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }, (answer) => {
    type = String(answer.headers['content-type'])
    answer.on('data', (bytes: Buffer) => (said += bytes.toString())).on('error', () => undefined)
  })

  await eventually(() => said !== '')
  expect([type, said, faults]).toEqual([
    'text/event-stream; charset=utf-8',
    'event: repl\ndata: {"name":"newer"}\n\n',
    [],
  ])
})
