import type { Case } from '../../src/conformance/case.js'
import type { Fault } from '../conformance/faults/fault.js'

/** The text of docs/conformance-faults.md below its title. */
export function faultsText(faults: readonly Fault[], cases: readonly Case[]): string {
  const titles = new Map<string, string>(cases.map(({ id, title }) => [id, title]))
  const rows = faults.map(({ name, caughtBy }) => {
    const [first] = caughtBy
    return `| ${name} | ${caughtBy.join(', ')} | ${titles.get(first ?? '') ?? ''} |`
  })
  return ['| a target that … | turns red | the first of them says |', '| --- | --- | --- |', ...rows].join('\n')
}
