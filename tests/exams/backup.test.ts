// The guards of backups pass their exam; and the exam itself is examined: with a guard taken away it fails.
import { expect, test } from 'vitest'
import { readManifest } from '../../orchestrator/objects/verify.ts'
import { fencingExam, verifyExam } from './backup.ts'

test('F-2 R-7 whatever is flipped, dropped or truncated between flush and verify, nothing is committed', async () => {
  expect(await verifyExam({})).toBe(9)
})

test('F-3 F-10 once a newer session is claimed, the older one changes nothing and parks what it had', async () => {
  await fencingExam({})
})

test('F-2 without verify the exam fails', async () => {
  await expect(verifyExam({ verify: readManifest })).rejects.toThrow(
    'the exam failed: one byte flipped of packs',
  )
})

test('F-3 without the fence the exam fails', async () => {
  await expect(fencingExam({ fence: () => undefined })).rejects.toThrow(
    'the exam failed: an overtaken session has moved HEAD',
  )
})
