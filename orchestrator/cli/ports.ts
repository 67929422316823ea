// Which ports our processes listen on: the same as last time where they are free, so that sessions that outlived us still find us.
import { randomInt } from 'node:crypto'
import { type Server, createServer } from 'node:net'
import { z } from 'zod'
import { Refusal } from './words.ts'

export const InnerPorts = z.object({
  orchestrator: z.number(),
  sync: z.number(),
  collab: z.number(),
  app: z.number(),
})
export type InnerPorts = z.infer<typeof InnerPorts>

const loopback = '127.0.0.1'
/** Below those that the system gives to whoever asks for any: between our choice and our listening nobody is given one of these. */
const quiet = { from: 20_000, to: 32_768 }
/** Ports tried there before the system is asked for any. */
const tries = 50

export async function chooseInnerPorts(last: InnerPorts | null): Promise<InnerPorts> {
  const held: Server[] = []
  // Held until all are chosen, so that none is chosen twice.
  const choose = async (wish: number | undefined) => {
    const server = (wish === undefined ? null : await hold(wish, loopback)) ?? (await holdQuiet())
    if (server === null) throw new Refusal('No free port was found on this machine.')
    held.push(server)
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }
  try {
    return {
      orchestrator: await choose(last?.orchestrator),
      sync: await choose(last?.sync),
      collab: await choose(last?.collab),
      app: await choose(last?.app),
    }
  } finally {
    await Promise.all(held.map(letGo))
  }
}

/** Throws in words when browsers could not reach us: the port is taken, or the address is not this machine's. */
export async function mustBeFree(port: number, host: string): Promise<void> {
  const held = await tryToHold(port, host)
  if (typeof held !== 'string') return letGo(held)
  if (notOurs.has(held))
    throw new Refusal(
      `${host} is no address of this machine, so nothing can listen there. Choose one with --host: 127.0.0.1 for this machine alone, 0.0.0.0 for all of its addresses.`,
    )
  throw new Refusal(
    `Port ${port} on ${host} cannot be used: another program has it, or it is not allowed. Stop that program, or choose another with --port ${port < 65535 ? port + 1 : 7070}.`,
  )
}

/** What the system says of an address, or of a name, that leads to no interface of this machine. */
const notOurs = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EAFNOSUPPORT', 'EINVAL'])

async function holdQuiet(): Promise<Server | null> {
  for (let left = tries; left > 0; left -= 1) {
    const server = await hold(randomInt(quiet.from, quiet.to), loopback)
    if (server !== null) return server
  }
  return hold(0, loopback)
}

async function hold(port: number, host: string): Promise<Server | null> {
  const held = await tryToHold(port, host)
  return typeof held === 'string' ? null : held
}

/** The listening server, or the system's code for why not. */
function tryToHold(port: number, host: string): Promise<Server | string> {
  return new Promise((done) => {
    const server = createServer()
    server.once('error', (fault: NodeJS.ErrnoException) => done(fault.code ?? 'unknown'))
    server.listen(port, host, () => done(server))
  })
}

function letGo(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done())
  })
}
