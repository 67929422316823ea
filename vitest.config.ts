// How tests run: each folder of tests/ is of one room; real parts, port 0, temp folders.
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

/** Tests of these folders, or these files. */
const project = (name: string, include: string[], extra: object = {}) => ({
  test: { name, include, testTimeout: 30_000, hookTimeout: 60_000, ...extra },
})

const all = (folder: string): string => `tests/${folder}/**/*.test.{ts,tsx}`

/** Long stories, on a busy machine. */
const patient = { testTimeout: 120_000, hookTimeout: 120_000 }

/** One project: what it shares it reads once, and a process goes on with the next file of any of its rooms. */
const rooms = ['house', 'protocol', 'exams', 'collab', 'runner', 'orchestrator', 'app', 'fuzz'].map(all)

export default defineConfig({
  test: {
    projects: [
      project('rooms', rooms, { ...shared, ...patient, exclude: bounds }),
      // After everything else, and few at a time: each is a whole product with its browser.
      project('journeys', [all('journeys')], {
        ...shared,
        ...patient,
        maxWorkers: 4,
        sequence: { groupOrder: 1 },
      }),
      project('bounds', bounds, { maxWorkers: 2, sequence: { groupOrder: 2 } }),
    ],
    maxWorkers: 6,
    sequence: { sequencer: LongestFirst },
  },
})
