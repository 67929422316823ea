// One author as a process of its own, made to be killed: waits for orders at its standard input, types lines without a pause and
// tells on its standard output, as whole lines, how many of them it was told to be logged and saved. Started by authors.ts.
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { collabMessage, collabSubprotocol, syncKind } from '../../protocol/document.ts'

type Orders = { url: string; token: string; name: string; seed: number; everyMs: number }
const [line] = (await once(createInterface({ input: process.stdin }), 'line')) as [string]
const orders = JSON.parse(line) as Orders

const doc = new Y.Doc()
const text = doc.getText('content')
const socket = new WebSocket(orders.url, [collabSubprotocol, `bearer.${orders.token}`])
/** For each sync frame that was sent, how many lines had been typed by then. */
const linesAt: number[] = []
let lines = 0
let state = orders.seed

function below(limit: number): number {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
  return (state >> 8) % limit
}

function send(kind: number, payload: Uint8Array): void {
  const frame = encoding.createEncoder()
  encoding.writeVarUint(frame, collabMessage.sync)
  encoding.writeVarUint(frame, kind)
  encoding.writeVarUint8Array(frame, payload)
  if (kind !== syncKind.step1) linesAt.push(lines)
  socket.send(encoding.toUint8Array(frame))
}

/** A pipe keeps what was written to it when its writer is killed. */
const tell = (what: string, count: number): void => void writeSync(1, `${what} ${count}\n`)

function take(data: Uint8Array): void {
  const frame = decoding.createDecoder(data)
  const type = decoding.readVarUint(frame)
  if (type === collabMessage.progress) {
    const [logged, saved] = [decoding.readVarUint(frame), decoding.readVarUint(frame)]
    if (logged > 0) tell('logged', linesAt[logged - 1] ?? 0)
    if (saved > 0) tell('saved', linesAt[saved - 1] ?? 0)
  }
  if (type !== collabMessage.sync) return
  const kind = decoding.readVarUint(frame)
  const payload = decoding.readVarUint8Array(frame)
  if (kind === syncKind.step1) {
    send(syncKind.step2, Y.encodeStateAsUpdate(doc, payload))
    type_()
  } else Y.applyUpdate(doc, payload, socket)
}

/** Whole lines at the beginning of a line: none is ever torn by another. */
function type_(): void {
  const content = text.toString()
  const from = content.indexOf('\n', below(content.length + 1))
  lines += 1
  text.insert(from + 1, `${orders.name}-${lines}\n`)
  setTimeout(type_, below(2 * orders.everyMs))
}

doc.on('update', (update: Uint8Array, origin: unknown) => {
  if (origin !== socket) send(syncKind.update, update)
})
socket.on('open', () => send(syncKind.step1, Y.encodeStateVector(doc)))
socket.on('message', (data: Buffer) => take(new Uint8Array(data)))
socket.on('close', () => process.exit(1))
socket.on('error', () => process.exit(1))
