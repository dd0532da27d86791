import type { Case } from '../../src/conformance/case.js'
import type { CaseId } from '../../src/conformance/matrix.js'

interface ListedFault {
  readonly name: string
  readonly caughtBy: readonly CaseId[]
}

/** One table of docs/conformance-faults.md: faults of what, and the cases that it is judged by. */
export function faultsText(what: string, faults: readonly ListedFault[], cases: readonly Case[]): string {
  const titles = new Map<string, string>(cases.map(({ id, title }) => [id, title]))
  const rows = faults.map(({ name, caughtBy }) => {
    const [first] = caughtBy
    return `| ${name} | ${caughtBy.join(', ')} | ${titles.get(first ?? '') ?? ''} |`
  })
  return [`| a ${what} that … | turns red | the first of them says |`, '| --- | --- | --- |', ...rows].join('\n')
}
