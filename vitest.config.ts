// How tests run: each folder of tests/ is a project of one room; real parts, port 0, temp folders.
import { defineConfig } from 'vitest/config'

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
      project('house'),
      project('protocol'),
      project('exams'),
      project('collab'),
      project('runner'),
      project('orchestrator'),
      project('app', { environment: 'happy-dom' }),
      project('fuzz'),
      // After everything else, and one a core: each is a whole product with its browser, and more of them starve each other.
      project('journeys', {
        testTimeout: 120_000,
        hookTimeout: 120_000,
        maxWorkers: 2,
        sequence: { groupOrder: 1 },
      }),
    ],
    maxWorkers: 3,
  },
})
