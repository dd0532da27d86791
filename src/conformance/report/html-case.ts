import { type Html, html } from '../../report/html.js'
import { badge } from '../../report/html-page.js'
import type { Attempt, CaseResult, Exchange, Probe } from '../result.js'
import { answerText, expectation } from './evidence.js'
import { reasonOf, STANDINGS, standingOf } from './standing.js'

/** One case, folded up: what it is about, and each call with its control and what was looked at afterwards. */
export function caseHtml(one: CaseResult): Html {
  const standing = standingOf(one)
  const reason = reasonOf(one)
  return html`<details id="${one.id}">
<summary>${badge(STANDINGS[standing], standing)} <strong>${one.id}</strong> ${one.title}</summary>
<div class="inside">
<dl class="facts">
<div><dt>Level</dt><dd>${one.level}</dd></div>
<div><dt>Norm</dt><dd>${one.norm} (${one.basis})</dd></div>
<div><dt>Safety</dt><dd>${one.safety}</dd></div>
${reason === '' ? undefined : html`<div><dt>Why it stands there</dt><dd>${reason}</dd></div>`}
</dl>
<p class="quiet">See it again:</p>
<pre><code>${one.reproduce}</code></pre>
${alike(one.attempts).map(attemptsHtml)}
</div>
</details>
`
}

/** Attempts that are told as one: the same call on several RPCs, with the same outcome. */
interface Alike {
  readonly first: Attempt
  readonly rpcs: readonly string[]
}

/** Six RPCs that agree are one thing to read; one that differs stands out by standing alone. */
export function alike(attempts: readonly Attempt[]): readonly Alike[] {
  const groups = new Map<string, { first: Attempt; rpcs: string[] }>()
  for (const attempt of attempts) {
    const { variant, verdict, why, call, control, probes, rpc } = attempt
    const key = JSON.stringify([variant, verdict, why, call && answerText(call), control?.answer, probes])
    const group = groups.get(key) ?? { first: attempt, rpcs: [] }
    groups.set(key, group)
    if (rpc !== undefined) group.rpcs.push(rpc)
  }
  return [...groups.values()]
}

const TONES = { passed: 'good', failed: 'bad', inconclusive: 'unsure' } as const

function attemptsHtml({ first, rpcs }: Alike): Html {
  const { variant, verdict, why, call, control, probes } = first
  const where = rpcs.length === 0 ? undefined : html` <span class="quiet">on ${rpcs.join(', ')}</span>`
  return html`<details${verdict === 'passed' ? undefined : html` open`}>
<summary>${badge(TONES[verdict], verdict)} ${variant}${where}</summary>
<div class="inside">
${call === undefined || first.expected.length === 0 ? undefined : html`<p>Expected ${expectation(first)}, got <strong>${answerText(call)}</strong></p>`}
${why === undefined ? undefined : html`<p>${why}</p>`}
${call === undefined ? undefined : exchangeHtml(rpcs.length > 1 ? `The call, on ${rpcs[0]}` : 'The call', call)}
${control === undefined ? undefined : exchangeHtml('Its control: the same with the one mutation undone', control)}
${probes.length === 0 ? undefined : probesHtml(probes)}
</div>
</details>
`
}

function exchangeHtml(title: string, exchange: Exchange): Html {
  const { metadata, frames, elapsedMs } = exchange
  const lines = [
    ...metadata.map(([name, value]) => `${name}: ${value}`),
    ...(frames.length === 0 ? [] : ['', ...frames]),
    '',
    `= ${answerText(exchange)}${exchange.trailersOnly ? ', trailers only' : ''}, after ${Math.round(elapsedMs)} ms`,
  ]
  return html`<h3>${title}</h3>
<pre><code>${lines.join('\n')}</code></pre>
`
}

function probesHtml(probes: readonly Probe[]): Html {
  return html`<h3>Looked at afterwards</h3>
<ul>
${probes.map(
  ({
    what,
    held,
    detail,
  }) => html`<li>${held ? badge('good', 'held') : badge('bad', 'did not hold')} ${what}${detail === undefined ? undefined : html` <span class="quiet">(${detail})</span>`}</li>
`,
)}</ul>
`
}
