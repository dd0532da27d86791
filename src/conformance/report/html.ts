import { type Html, html } from '../../report/html.js'
import { badge, htmlPage, type Section } from '../../report/html-page.js'
import type { CaseResult, ConformanceResult } from '../result.js'
import { type AreaCases, byArea } from './areas.js'
import { factsOf, verdictText } from './head.js'
import { caseHtml } from './html-case.js'
import { countsOf, reasonOf, STANDINGS, type Standing, standingOf } from './standing.js'

/** One file to hand on: the verdict, what to look at first, the areas, and every case with all that went over the wire. */
export function htmlReport(result: ConformanceResult): string {
  const { header, cases } = result
  const areas = byArea(cases)
  return htmlPage({
    kicker: 'Token-authentication conformance',
    title: header.target.address,
    verdict: verdictText(result.verdict),
    facts: factsOf(result),
    sections: [
      ...attentionSection(cases),
      areaSection(areas),
      ...areas.map(casesSection),
      ...leftBehindSection(result),
    ],
    footer: `Made by ${header.tool.name} ${header.tool.version}. Secrets are described, never shown. Rows and their norms: docs/conformance-cases.md.`,
  })
}

function attentionSection(cases: readonly CaseResult[]): readonly Section[] {
  const shown = cases.filter((one) => standingOf(one) !== 'passed' && standingOf(one) !== 'not run')
  if (shown.length === 0) return []
  const rows = shown.map(
    (one) => html`<tr><td>${standingBadge(standingOf(one))}</td><th scope="row"><a href="#${one.id}">${one.id}</a></th>
<td>${one.title}</td><td>${one.level}</td><td>${reasonOf(one)}</td></tr>
`,
  )
  const head = html`<tr><th scope="col">Stands</th><th scope="col">Case</th><th scope="col">What has to hold</th><th scope="col">Level</th><th scope="col">Why</th></tr>`
  return [{ id: 'attention', title: 'To look at', body: tableHtml('Every case that did not simply pass', head, rows) }]
}

function areaSection(areas: readonly AreaCases[]): Section {
  const standings = Object.keys(STANDINGS) as readonly Standing[]
  const total = countsOf(areas.flatMap(({ cases }) => cases))
  const used = standings.filter((standing) => total[standing] > 0)
  const rowOf = (name: Html, cases: readonly CaseResult[]) => {
    const counts = countsOf(cases)
    return html`<tr><th scope="row">${name}</th>${used.map((standing) => html`<td class="number">${counts[standing]}</td>`)}<td class="number">${cases.length}</td></tr>
`
  }
  const head = html`<tr><th scope="col">Area</th>${used.map((standing) => html`<th scope="col" class="number">${standingBadge(standing)}</th>`)}<th scope="col" class="number">rows</th></tr>`
  const rows = [
    ...areas.map(({ area, title, cases }) => rowOf(html`<a href="#${area}">${title}</a>`, cases)),
    rowOf(
      html`All`,
      areas.flatMap(({ cases }) => cases),
    ),
  ]
  return { id: 'areas', title: 'Areas', body: tableHtml('Rows of the matrix by area', head, rows) }
}

function casesSection({ area, title, cases }: AreaCases): Section {
  return { id: area, title, body: html`${cases.map(caseHtml)}` }
}

function leftBehindSection({ leftBehind }: ConformanceResult): readonly Section[] {
  if (leftBehind.length === 0) return []
  const body = html`<p>Made on the target, and not removed:</p><ul>${leftBehind.map((what) => html`<li><code>${what}</code></li>`)}</ul>`
  return [{ id: 'left-behind', title: 'Left behind', body }]
}

function standingBadge(standing: Standing): Html {
  return badge(STANDINGS[standing], standing)
}

function tableHtml(caption: string, head: Html, rows: readonly Html[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead>${head}</thead><tbody>
${rows}</tbody></table></div>`
}
