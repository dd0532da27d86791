import { startCounting } from './work.js'

/** Loaded before anything else of a process whose work is counted. */
await startCounting()
