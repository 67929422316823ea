// How tests run: each folder of tests/ is a project of one room; real parts, port 0, temp folders.
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files of these rooms share a process: what they import is there after the first, and none of them changes it. */
const shared = { isolate: false }

/** What watches use by the second is tested on a machine that does nothing else. */
const bounds = ['tests/orchestrator/cage-disk.test.ts', 'tests/orchestrator/cage-limits.test.ts']

/** The longest first, so that none is left over when all others are done: most of their time is waiting. */
const longest = [
  'collab/idle',
  'journeys/offline',
  'journeys/main-job',
  'journeys/look',
  'journeys/deaths',
  'journeys/pages',
  'journeys/recover',
  'journeys/preview.',
  'journeys/troubles',
  'journeys/cage',
  'orchestrator/cage.',
  'fuzz/killing',
  'fuzz/enter',
  'fuzz/model',
  'exams/sandbox.',
  'app/ide-browser',
  'orchestrator/cage-limits',
  'orchestrator/sessions',
  'orchestrator/held',
  'orchestrator/cage-disk',
  'orchestrator/backups',
  'runner/sync-follow',
  'runner/sync-deep',
  'runner/terminals/frozen',
  'orchestrator/up',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((part) => moduleId.includes(`/tests/${part}`))
      return at === -1 ? longest.length : at
    }
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other))
  }
}

const project = (name: string, extra: object = {}) => ({
  test: {
    name,
    include: [`tests/${name}/**/*.test.{ts,tsx}`],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    ...extra,
  },
})

export default defineConfig({
  test: {
    projects: [
      project('house', shared),
      project('protocol', shared),
      project('exams', shared),
      project('collab', shared),
      project('runner', shared),
      project('orchestrator', { ...shared, exclude: bounds }),
      project('app', { environment: 'happy-dom' }),
      project('fuzz', { ...shared, testTimeout: 120_000, hookTimeout: 120_000 }),
      // After everything else, and few at a time: each is a whole product with its browser.
      project('journeys', {
        ...shared,
        testTimeout: 120_000,
        hookTimeout: 120_000,
        maxWorkers: 3,
        sequence: { groupOrder: 1 },
      }),
      project('bounds', { include: bounds, maxWorkers: 2, sequence: { groupOrder: 2 } }),
    ],
    maxWorkers: 6,
    sequence: { sequencer: LongestFirst },
  },
})
