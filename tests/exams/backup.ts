// The exam of the two guards of backups, verify and the fence: what must not happen while they stand. A guard that does
// nothing must fail it.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../protocol/errors.ts'
import { startRig } from '../runner/sync-rig.ts'
import { eventually } from '../support/eventually.ts'
import type { Guarded } from './object-store-door.ts'
import { fakeStore } from './object-store-fake.ts'

export type Guards = NonNullable<Guarded['guards']>

const quick = { shipMs: 10, commitMs: 30, turnMs: 30, retryMs: { first: 10, last: 30 } }

type Damage = (objects: Map<string, Uint8Array>, key: string) => void
const damages: Record<string, Damage> = {
  'one byte flipped': (objects, key) => {
    const bytes = Buffer.from(objects.get(key) ?? [])
    bytes[bytes.length >> 1]! ^= 1
    objects.set(key, bytes)
  },
  'one object dropped': (objects, key) => void objects.delete(key),
  'one object truncated': (objects, key) => void objects.set(key, objects.get(key)!.subarray(0, -1)),
}

function must(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`the exam failed: ${what}`)
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (thrown: unknown) => (thrown instanceof AppError ? thrown.code : String(thrown)),
  )
}

/** Whatever is damaged between flush and verify, nothing is committed; answers how often that was tried. */
export async function verifyExam(guards: Guards): Promise<number> {
  let tried = 0
  for (const kind of ['packs', 'blobs', 'manifests'])
    for (const [name, damage] of Object.entries(damages)) {
      const { store, objects } = fakeStore()
      const rig = await startRig(store, {}, guards)
      try {
        writeFileSync(join(rig.workspace, 'main.py'), 'print("ada")\n')
        writeFileSync(join(rig.workspace, 'large.bin'), Buffer.alloc(1_200_000, 'g'))
        const flushed = await rig.flush(1)
        const key = [...objects.keys()].find((each) => each.includes(`/${kind}/`))
        damage(objects, key ?? '')
        const answer = await refusal(
          rig.door.commits.commit({ repl: rig.repl, generation: 1, ...flushed }, Date.now()),
        )
        must(answer === 'verify-failed', `${name} of ${kind} was answered with ${answer}`)
        must((await store.readHead(rig.repl)) === null, `${name} of ${kind} was committed`)
        tried += 1
      } finally {
        await rig.close()
      }
    }
  return tried
}

/** Once a newer session is claimed the older one changes nothing but its orphans; what it had not backed up is there. */
export async function fencingExam(guards: Guards): Promise<void> {
  const { store, objects } = fakeStore()
  const rig = await startRig(store, quick, guards)
  try {
    mkdirSync(join(rig.state, 'log'))
    writeFileSync(join(rig.state, 'log', '1-0'), 'typed;')
    writeFileSync(join(rig.workspace, 'main.py'), 'print("ada")\n')
    const claim = { repl: rig.repl, generation: 1, ...(await rig.flush(9)) }
    const following = rig.follow()
    await eventually(() => following.lines.some(({ told }) => told === 'committed'))
    const before = { head: await store.readHead(rig.repl), keys: new Set(objects.keys()) }

    rig.fence.generation = 2
    writeFileSync(join(rig.workspace, 'late.py'), 'print("late")\n')
    appendFileSync(join(rig.state, 'log', '1-0'), 'typed late;')
    const isOver = () => following.lines.some(({ told }) => told === 'ended')
    const hasMoved = async () => (await store.readHead(rig.repl))?.manifest !== before.head?.manifest
    await eventually(async () => isOver() || (await hasMoved()))

    must(!(await hasMoved()), 'an overtaken session has moved HEAD')
    const put = [...objects.keys()].filter((key) => !before.keys.has(key))
    must(
      put.every((key) => key.includes('/orphans/1/')),
      `an overtaken session has put ${put.join(' ')}`,
    )
    must(put.length === 2, `files and log were to be parked, not ${put.join(' ')}`)
    const [parked] = rig.door.parked
    must(parked?.files?.files === 1 && parked.log !== null, 'what was parked was not told')
    must(
      (await refusal(rig.door.commits.commit(claim, Date.now()))) === 'stale-generation',
      'a flush from before the claim was committed after it',
    )
    await following.stop()
  } finally {
    await rig.close()
  }
}
