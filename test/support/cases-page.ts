import type { Case } from '../../src/conformance/case.js'
import { AREAS } from '../../src/conformance/matrix.js'

const HEAD =
  '| id | level | basis | norm | profiles | needs | safety | what holds |\n| --- | --- | --- | --- | --- | --- | --- | --- |'

/** The text of docs/conformance-cases.md below its title. */
export function casesText(cases: readonly Case[]): string {
  return AREAS.flatMap((area) => {
    const own = cases.filter((one) => one.area === area)
    return own.length === 0 ? [] : [`## ${area}\n\n${HEAD}\n${own.map(line).join('\n')}`]
  }).join('\n\n')
}

function line({ id, level, basis, norm, profiles, needs, safety, title, delta }: Case): string {
  const differs = delta === undefined ? '' : ` Δ zonelab: ${delta.zonelab}; Kuma: ${delta.kuma}`
  return `| ${[id, level, basis, norm, profiles.join(', '), needs.join(', '), safety, `${title}${differs}`].join(' | ')} |`
}
