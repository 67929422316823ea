// Gathers small files into packs: gzip members end to end, each file's place told when its pack is full.
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { type Location, packMagic, packTargetBytes } from '../../protocol/objects.ts'

export type Pack = { sha256: string; bytes: Buffer }
type Member = { sha256: string; offset: number; length: number }

/** Level 1: a third of the time of the default for a tenth more bytes. */
const level = 1

/** `ship` gets each full pack; only one pack is in memory beside the one being filled. */
export function packer(ship: (pack: Pack) => Promise<void>) {
  const places = new Map<string, Location>()
  let filling = emptyPack()

  const close = async () => {
    if (filling.members.size === 0) return
    const { members, pieces } = filling
    filling = emptyPack()
    const bytes = Buffer.concat(pieces)
    const pack = { sha256: createHash('sha256').update(bytes).digest('hex'), bytes }
    for (const { sha256, ...place } of members.values())
      places.set(sha256, { in: 'pack', pack: pack.sha256, ...place })
    await ship(pack)
  }

  return {
    /** Where each content lies, by its hash; whole after `close`. */
    places,
    /** Adds a file's content; the same content again costs nothing. */
    async add(sha256: string, content: Buffer): Promise<void> {
      if (places.has(sha256) || filling.members.has(sha256)) return
      const member = gzipSync(content, { level })
      filling.members.set(sha256, { sha256, offset: filling.length, length: member.length })
      filling.pieces.push(member)
      filling.length += member.length
      filling.content += content.length
      if (filling.content >= packTargetBytes) await close()
    },
    close,
  }
}

function emptyPack() {
  const members = new Map<string, Member>()
  return { members, pieces: [Buffer.from(packMagic)], length: packMagic.length, content: 0 }
}
