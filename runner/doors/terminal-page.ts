// One page at the terminal door: parses what it sends over socket.io, hands it to the terminals, and answers. Decides nothing.
import type { Socket } from 'socket.io'
import type { Logger } from 'pino'
import { z } from 'zod'
import { DoorClaims } from '../../protocol/access.ts'
import { asAppError, AppError, type Answer } from '../../protocol/errors.ts'
import { TerminalId } from '../../protocol/ids.ts'
import { limits } from '../../protocol/limits.ts'
import * as wire from '../../protocol/terminal.ts'
import { refuseBehind } from './behind.ts'
import { tooLarge } from '../terminals/input.ts'
import type { TerminalRoom } from '../terminals/room.ts'
import type { Person } from '../terminals/driver.ts'
import type { Peer } from '../terminals/shared.ts'

type Give = (answer: unknown) => void

export type TerminalPageDeps = { socket: Socket; room: TerminalRoom; claims: DoorClaims; log: Logger }

export class TerminalPage {
  readonly #socket: Socket
  readonly #room: TerminalRoom
  readonly #peer: Peer
  readonly #log: Logger

  constructor({ socket, room, claims, log }: TerminalPageDeps) {
    this.#socket = socket
    this.#room = room
    this.#log = log.child({ person: claims.sub })
    this.#peer = {
      id: socket.id,
      // Of the socket's claims, which follow every change of the role.
      get person() {
        return personOf(DoorClaims.parse(socket.data.claims))
      },
      send: (event, ...args) => void socket.emit(event, ...args),
    }
  }

  open(): void {
    this.#asks()
    this.#tells()
    this.#socket.on('disconnect', () => this.#room.leave(this.#peer))
    this.#room.join(this.#peer)
  }

  /** Events that are answered. */
  #asks(): void {
    const room = this.#room
    const peer = this.#peer
    this.#answer('open', wire.OpenTerminal, async (request) => ({ terminal: await room.open(peer, request) }))
    this.#answer('close', wire.OneTerminal, async ({ terminal }) => (room.close(peer, terminal), {}))
    this.#answer('rename', wire.RenameTerminal, async ({ terminal, name }) => {
      room.rename(peer, terminal, name)
      return {}
    })
    this.#answer('keyboard', wire.KeyboardWish, async (wish) => (room.keyboard(peer, wish), {}))
    this.#answer('run', wire.RunCommand, async (size) => ({ terminal: await room.run(peer, size) }))
    this.#on('stop', (give) => void this.#finish(give, async () => (room.stop(peer), {})))
    this.#on('attach', (request, give) => this.#attach(request, give))
  }

  /** Events that are refused by `refused`, or not at all where a refusal would help nobody. */
  #tells(): void {
    const room = this.#room
    const peer = this.#peer
    this.#on('in', (request, bytes) => void this.#input(request, bytes))
    this.#tell('size', wire.ResizeTerminal, (request) => room.size(peer, request))
    this.#tell('detach', wire.OneTerminal, ({ terminal }) => room.detach(peer, terminal))
    this.#tell('ack', wire.AckOutput, ({ terminal, offset }) => room.ack(peer, terminal, offset))
  }

  /** The answer goes out before the first output. */
  #attach(request: unknown, give: unknown): void {
    const answer = giver(give)
    try {
      refuseBehind(this.#socket)
      const { attached, begin } = this.#room.attach(this.#peer, wire.AttachTerminal.parse(request))
      answer({ ok: true, attached })
      begin()
    } catch (thrown) {
      answer(this.#refusal('attach', thrown))
    }
  }

  async #input(request: unknown, bytes: unknown): Promise<void> {
    try {
      const { terminal } = wire.OneTerminal.parse(request)
      await this.#room.input(this.#peer, terminal, parseBytes(bytes))
    } catch (thrown) {
      this.#refuse('in', request, thrown)
    }
  }

  #answer<T>(event: string, schema: z.ZodType<T>, act: (request: T) => Promise<object>): void {
    this.#on(event, (request, give) => void this.#finish(give, () => act(schema.parse(request))))
  }

  #tell<T>(event: string, schema: z.ZodType<T>, act: (request: T) => void): void {
    this.#on(event, (request) => {
      try {
        act(schema.parse(request))
      } catch (thrown) {
        this.#refuse(event, request, thrown)
      }
    })
  }

  async #finish(give: unknown, act: () => Promise<object>): Promise<void> {
    const answer = giver(give)
    try {
      answer({ ok: true, ...(await act()) })
    } catch (thrown) {
      answer(this.#refusal('ask', thrown))
    }
  }

  #refuse(event: string, request: unknown, thrown: unknown): void {
    const { error } = this.#refusal(event, thrown)
    const named = z.object({ terminal: TerminalId }).safeParse(request)
    this.#peer.send('refused', { terminal: named.data?.terminal ?? 0, error })
  }

  #refusal(event: string, thrown: unknown): Extract<Answer<object>, { ok: false }> {
    const fault = asAppError(thrown)
    const level = fault.code === 'internal' ? 'error' : 'info'
    this.#log[level](
      { event, code: fault.code, err: fault.code === 'internal' ? fault.cause : undefined },
      'refused',
    )
    return { ok: false, error: fault.toWire() }
  }

  /** socket.io hands over whatever came; `unknown` makes every handler parse it. */
  #on(event: string, handle: (...args: unknown[]) => void): void {
    this.#socket.on(event, handle)
  }
}

const personOf = ({ sub, name, role }: DoorClaims): Person => ({ id: sub, name, role })

function giver(give: unknown): Give {
  return typeof give === 'function' ? (answer) => void give(answer) : () => undefined
}

function parseBytes(bytes: unknown): Uint8Array {
  if (!(bytes instanceof Uint8Array)) {
    throw new AppError('bad-input', { say: 'Input must come as bytes.' })
  }
  if (bytes.length > limits.terminalInputBytes) throw tooLarge()
  return bytes
}
