// Stands in for the runner where only a sandbox is tested: answers its control door, obeys SIGTERM, dies when asked.
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'

const launch = JSON.parse(readFileSync(process.argv[2], 'utf8'))
writeFileSync(join(launch.state, 'runner-env.json'), JSON.stringify(process.env))
let seq = 7
const hoard = []

const answers = {
  health: () => ({
    protocol: 1,
    build: 'test',
    repl: launch.repl,
    generation: launch.generation,
    joined: true,
    boxReady: true,
    linkReady: true,
    seq,
  }),
  quiesce: () => ({ seq: ++seq }),
  resume: () => ({}),
  // Keeps the bytes for the test to look at.
  kept: (body) => {
    writeFileSync(join(launch.state, 'kept'), body)
    return { edits: 1, files: 1, beside: 0 }
  },
  die: () => process.exit(3),
  grow: () => {
    hoard.push(Buffer.alloc(400 * 1024 * 1024, 1))
    return {}
  },
}

const server = createServer(async (request, response) => {
  const answer = answers[request.url.split('/').at(-1)]
  const parts = []
  for await (const part of request) parts.push(part)
  response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify(answer ? answer(Buffer.concat(parts)) : {}))
})
server.listen(launch.socket)
process.on('SIGTERM', () => process.exit(0))
