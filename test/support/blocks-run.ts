import { Session } from 'node:inspector/promises'

/** How many blocks of code of files whose address has the form run during the work: what it costs, whatever the machine does. */
export async function blocksRun(counted: RegExp, work: () => Promise<void>): Promise<number> {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    // Taking the counts resets them.
    await session.post('Profiler.takePreciseCoverage')
    await work()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    const functions = result.filter(({ url }) => counted.test(url)).flatMap((script) => script.functions)
    return functions.flatMap(({ ranges }) => ranges).reduce((sum, range) => sum + range.count, 0)
  } finally {
    session.disconnect()
  }
}
