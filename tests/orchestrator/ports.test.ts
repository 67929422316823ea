// Ports that our processes are given: kept where they are free, else such that nobody else is given them in between.
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { chooseInnerPorts } from '../../orchestrator/cli/ports.ts'

/** The system gives ports from here on to whoever asks for any (net.ipv4.ip_local_port_range). */
const firstGiven = 32_768

test('ports of our own lie below those that the system gives away, and are four', async () => {
  const ports = Object.values(await chooseInnerPorts(null))
  expect(new Set(ports).size).toBe(4)
  expect(ports.every((port) => port > 1024 && port < firstGiven)).toBe(true)
})

test('ports of last time are kept, but for one that somebody else has', async () => {
  const last = await chooseInnerPorts(null)
  expect(await chooseInnerPorts(last)).toEqual(last)
  const taken = createServer()
  onTestFinished(() => void taken.close())
  await new Promise<void>((done) => taken.listen(last.collab, '127.0.0.1', () => done()))

  const next = await chooseInnerPorts(last)

  expect({ ...next, collab: 0 }).toEqual({ ...last, collab: 0 })
  expect(next.collab).not.toBe(last.collab)
})
