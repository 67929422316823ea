// The bytes of a tar archive's entries, as GNU tar and bsdtar read them: names as raw bytes, times to the nanosecond. Pure.
// Format: POSIX.1-2017 pax headers for times and large sizes, GNU long names (types L and K) for what does not fit a header.

export type TarEntry = {
  kind: 'file' | 'folder' | 'link'
  path: Buffer
  mode: number
  mtimeNs: bigint
  /** Bytes of content that will follow; 0 unless a file. */
  size: number
  target?: Buffer
}

const block = 512
/** Bytes of a header's name and link fields. */
const nameBytes = 100
/** Largest size that 11 octal digits can say. */
const octalSize = 0o77777777777
const types = { file: '0', link: '2', folder: '5' } as const
const longName = Buffer.from('././@LongLink')
const none = Buffer.alloc(0)

/** Two empty blocks end an archive. */
export const tarEnd = Buffer.alloc(2 * block)

/** Everything that comes before an entry's content. */
export function tarHead(entry: TarEntry): Buffer {
  const { path, target = none, size } = entry
  const records = [record('mtime', seconds(entry.mtimeNs))]
  if (size > octalSize) records.push(record('size', `${size}`))
  return Buffer.concat([
    aside('x', Buffer.from('pax'), Buffer.concat(records)),
    ...(path.length > nameBytes ? [aside('L', longName, terminated(path))] : []),
    ...(target.length > nameBytes ? [aside('K', longName, terminated(target))] : []),
    header({ type: types[entry.kind], name: path, link: target, mode: entry.mode, size }),
  ])
}

/** What fills up the last block of a content of `size` bytes. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block)
}

/** A header about the next one. */
function aside(type: string, name: Buffer, body: Buffer): Buffer {
  const head = header({ type, name, link: none, mode: 0o600, size: body.length })
  return Buffer.concat([head, body, tarPadding(body.length)])
}

type Fields = { type: string; name: Buffer; link: Buffer; mode: number; size: number }

function header({ type, name, link, mode, size }: Fields): Buffer {
  const head = Buffer.alloc(block)
  name.copy(head, 0, 0, nameBytes)
  head.write(`${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100)
  head.write(`${octal(Math.min(size, octalSize), 11)}\0${octal(0, 11)}\0`, 124)
  head.write(`        ${type}`, 148)
  link.copy(head, 157, 0, nameBytes)
  head.write('ustar\x0000', 257)
  // The sum is taken with its own field as spaces.
  const sum = head.reduce((all, byte) => all + byte, 0)
  head.write(`${octal(sum, 6)}\0 `, 148)
  return head
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

function terminated(name: Buffer): Buffer {
  return Buffer.concat([name, Buffer.alloc(1)])
}

/** A pax record begins with its own length, digits included. */
function record(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`
  let length = rest.length
  while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length
  return Buffer.from(`${length}${rest}`)
}

/** Decimal seconds; below zero the sign stands before both parts. */
function seconds(ns: bigint): string {
  const positive = ns < 0n ? -ns : ns
  return `${ns < 0n ? '-' : ''}${positive / 1_000_000_000n}.${`${positive % 1_000_000_000n}`.padStart(9, '0')}`
}
