// How much a person's pages have not taken yet of what they asked for: who does not read is answered with little. Asks nobody.
import type { Socket } from 'socket.io'
import { DoorClaims } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'

/** Throws when this person's pages, all together, have too much still to take for another large answer. */
export function refuseBehind(socket: Socket): void {
  const person = personOf(socket)
  const connections = new Set(
    [...socket.nsp.sockets.values()].filter((other) => personOf(other) === person).map(({ conn }) => conn),
  )
  let queued = 0
  for (const connection of connections) queued += queuedOn(connection)
  if (queued <= limits.pagesQueuedBytes) return
  throw new AppError('too-many', {
    say: 'Your page has not taken what it asked for yet. Try again in a moment.',
    log: { sub: person, queued },
  })
}

const personOf = (socket: Socket): string | undefined => DoorClaims.safeParse(socket.data.claims).data?.sub

/** Bytes that wait in engine.io and in its socket; neither tells by itself. */
function queuedOn(connection: Socket['conn']): number {
  const inSocket: unknown = Reflect.get(Object(Reflect.get(connection.transport, 'socket')), 'bufferedAmount')
  const packets: unknown = Reflect.get(connection, 'writeBuffer')
  let queued = typeof inSocket === 'number' ? inSocket : 0
  for (const packet of Array.isArray(packets) ? packets : []) {
    const data: unknown = Reflect.get(Object(packet), 'data')
    if (typeof data === 'string' || data instanceof Uint8Array) queued += data.length
  }
  return queued
}
