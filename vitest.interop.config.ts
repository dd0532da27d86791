import { defineConfig } from 'vitest/config'

/** Tests against real peers, found by the environment variables KUMA_CP, KUMACTL and ENVOY. */
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['verbose', './test/support/count-reporter.ts'],
  },
})
