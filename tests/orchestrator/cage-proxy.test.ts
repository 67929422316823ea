// The proxy of boxes stands whatever a box asks for and whatever a server answers.
import { request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { startProxy } from '../../orchestrator/sandbox/local/proxy.ts'
import { tempFolder } from '../support/folders.ts'

test('S-1 a port that is none and a status that is none are refused, and the proxy goes on', async () => {
  const folder = await tempFolder()
  const socketPath = join(folder.path, 'p', 's')
  const odd = createServer((line) => {
    line.on('error', () => line.destroy())
    line.once('data', () => line.end('HTTP/1.1 042 x\r\ncontent-length: 0\r\n\r\n'))
  })
  await new Promise<void>((listening) => odd.listen(0, '127.0.0.1', listening))
  const { port } = odd.address() as AddressInfo
  const proxy = await startProxy({ socket: socketPath, mayReach: () => true, log: pino({ level: 'silent' }) })
  const connectTo = (path: string): Promise<number> =>
    new Promise((done, fail) => {
      const asked = request({ socketPath, method: 'CONNECT', path })
      asked.on('connect', (res, line) => {
        line.destroy()
        done(res.statusCode ?? 0)
      })
      asked.on('error', fail).end()
    })
  const plain = (path: string): Promise<number> =>
    new Promise((done, fail) => {
      const asked = request({ socketPath, path }, (res) => {
        res.resume()
        done(res.statusCode ?? 0)
      })
      asked.on('error', fail).end()
    })

  for (const none of ['99999', '0', '65536']) expect(await connectTo(`127.0.0.1:${none}`)).toBe(400)
  expect(await plain(`http://127.0.0.1:${port}/`)).toBe(502)
  expect(await connectTo(`127.0.0.1:${port}`)).toBe(200)

  await proxy.close()
  await new Promise((closed) => odd.close(closed))
  await folder.remove()
})
