// The product as developers start it: everything as usual, but pages come from Vite, whose news reach the browser through the front door.
import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import { startProduct, type Product } from '../support/product.ts'
import { Visitor } from '../support/visitor.ts'

let product: Product
beforeAll(async () => void (product = await startProduct({ args: ['--dev'] })))
afterAll(async () => {
  await product.stop()
  product.clean()
})

test('while developing, somebody signs in and works, and hears of changed pages through the front door', async () => {
  const owner = await Visitor.arrive(product.link)
  const repl = await owner.create('developing', 'python')
  const ada = await owner.start(repl.id)
  expect((await ada.edit('main.py')).text.length).toBeGreaterThan(0)
  ada.leave()

  const page = await (await fetch(product.url)).text()
  // Not shown whole when it fails: it is very long.
  expect(page.includes('virtual:remix/inject-hmr-runtime')).toBe(true)
  const client = await (await fetch(`${product.url}/@vite/client`)).text()
  const token = /wsToken = "([^"]+)"/.exec(client)?.[1]
  const socket = new WebSocket(`${product.url.replace('http', 'ws')}/?token=${token}`, 'vite-hmr', {
    origin: product.url,
  })
  const first = await new Promise<string>((resolve, reject) => {
    socket.on('message', (data: Buffer) => resolve(data.toString()))
    socket.on('error', reject)
  })
  socket.close()
  expect(JSON.parse(first)).toEqual({ type: 'connected' })
})
