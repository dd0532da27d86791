import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**'],
    maxWorkers: 2,
    // What a test waits for comes by itself; on a machine that is full it comes late.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    globalSetup: './test/support/postgres-run.ts',
    reporters: ['default', './test/support/count-reporter.ts'],
  },
})
