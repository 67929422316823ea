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
      project('journeys', { testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false }),
    ],
    maxWorkers: 3,
  },
})
