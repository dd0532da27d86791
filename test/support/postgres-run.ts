import type { TestProject } from 'vitest/node'
import { endPostgresServer, makeServerFolder } from './postgres-server.js'

declare module 'vitest' {
  interface ProvidedContext {
    postgresFolder: string
  }
}

/** Names the place of this run's PostgreSQL server, which the first file that needs it starts, and ends it with the run. */
export default function setup(project: TestProject): () => void {
  const folder = makeServerFolder()
  project.provide('postgresFolder', folder)
  return () => endPostgresServer(folder)
}
