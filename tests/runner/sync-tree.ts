// Random trees on a real disk, and a snapshot of a tree that can be compared: every kind of entry that a person can make.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import * as fc from 'fast-check'

/** One thing to make; `name` in bytes. */
export type Seedling = {
  name: Buffer
  mode: number
  mtimeMs: number
  kind: 'folder' | 'file' | 'link'
  /** The bytes, or how many: large ones are not worth printing. */
  content: Buffer | number
  target: Buffer
  children: readonly Seedling[]
}

const odd = [
  '.hidden',
  ' ',
  '-rf',
  'a b',
  'ünï',
  'e\u0301',
  '日本',
  "it's",
  'new\nline',
  'back\\slash',
  'base64:YQ==',
  '~',
]
const name = fc.oneof(
  fc.constantFrom(...odd).map((text) => Buffer.from(text)),
  fc.stringMatching(/^[a-z]{1,3}$/).map((text) => Buffer.from(text)),
  // Bytes that are not UTF-8, as a zip of another age leaves them.
  fc
    .uint8Array({ minLength: 1, maxLength: 6 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x2f || byte === 0 ? 0xff : byte)))),
)
const target = fc
  .constantFrom('/etc/passwd', '..', '../../outside', 'a', 'nowhere', '.')
  .map((text) => Buffer.from(text))
const content = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(0, 5, 1024 * 1024, 1024 * 1024 + 1),
)

export const trees: fc.Arbitrary<readonly Seedling[]> = fc.letrec<{
  tree: readonly Seedling[]
  node: Seedling
}>((tie) => ({
  tree: fc.uniqueArray(tie('node'), {
    maxLength: 5,
    selector: (node) => node.name.toString('latin1'),
    depthIdentifier: 'tree',
  }),
  node: fc.record({
    name: name.filter((bytes) => !['.', '..'].includes(bytes.toString('latin1'))),
    // A folder must stay usable by who tests it without being root.
    mode: fc.constantFrom(0o644, 0o755, 0o600, 0o444, 0o700, 0o777, 0o4755, 0o1777),
    mtimeMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    kind: fc.constantFrom<Seedling['kind']>('folder', 'file', 'file', 'link'),
    content,
    target,
    children: fc.oneof(
      { depthSize: 'small', depthIdentifier: 'tree' },
      fc.constant<readonly Seedling[]>([]),
      tie('tree'),
    ),
  }),
})).tree

export function makeTree(root: Buffer, nodes: readonly Seedling[]): void {
  for (const node of nodes) {
    const path = Buffer.concat([root, Buffer.from('/'), node.name])
    if (node.kind === 'link') symlinkSync(node.target, path)
    if (node.kind === 'file')
      writeFileSync(path, typeof node.content === 'number' ? Buffer.alloc(node.content, 'm') : node.content)
    if (node.kind === 'folder') {
      mkdirSync(path)
      makeTree(path, node.children)
    }
    if (node.kind !== 'link') chmodSync(path, node.kind === 'folder' ? node.mode | 0o700 : node.mode)
    lutimesSync(path, node.mtimeMs / 1000, node.mtimeMs / 1000)
  }
}

/** One line per entry: path, kind, mode, mtime in nanoseconds, and what it holds or points at. */
export function snapshot(root: string): string[] {
  const lines: string[] = []
  const visit = (folder: Buffer, below: string) => {
    for (const name of readdirSync(folder, 'buffer')) {
      const path = Buffer.concat([folder, Buffer.from('/'), name])
      const stat = lstatSync(path, { bigint: true })
      const kind = stat.isSymbolicLink()
        ? 'link'
        : stat.isDirectory()
          ? 'folder'
          : stat.isFile()
            ? 'file'
            : 'other'
      const shown = `${below}/${name.toString('latin1')}`
      const held =
        kind === 'link' ? readlinkSync(path, 'latin1') : kind === 'file' ? hashOf(readFileSync(path)) : ''
      lines.push([shown, kind, (stat.mode & 0o7777n).toString(8), stat.mtimeNs, held].join(' | '))
      if (kind === 'folder') visit(path, shown)
    }
  }
  visit(Buffer.from(root), '')
  return lines.sort()
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
