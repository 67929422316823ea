// Opens a text file as a page does, over the runner's own socket, so that it is a document with a room.
import { z } from 'zod'
import { Opened } from '../../protocol/tree.ts'
import { inside, type DoorOf } from './live-door.ts'

export type Asked = DoorOf & { path: string }

export function openDocument({ path, ...door }: Asked): Promise<{ doc: string; epoch: string }> {
  return inside(door, 'tree', async (page) => {
    const answer: unknown = await page.timeout(10_000).emitWithAck('open', { path })
    const { opened } = z.object({ opened: Opened }).parse(answer)
    if (opened.kind !== 'text') throw new Error(`${path} is ${opened.kind}`)
    return { doc: opened.doc, epoch: opened.epoch }
  })
}
