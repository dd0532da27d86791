import { type Html, html } from './html.js'
import { PAGE_STYLE } from './page-style.js'

export interface HtmlPage {
  readonly title: string
  /** What the page is of, over its title: `Conformance`, `Load run`. */
  readonly kicker: string
  /** The one sentence that a reader came for. */
  readonly verdict: Verdict
  /** Target, versions, times: label and value. */
  readonly facts: readonly (readonly [label: string, value: string])[]
  readonly sections: readonly Section[]
  /** What made the page. */
  readonly footer: string
}

/** `good` alone may look like a pass. */
export type Tone = 'good' | 'bad' | 'unsure' | 'muted'

export interface Verdict {
  readonly tone: Tone
  readonly word: string
  readonly detail: string
}

export interface Section {
  /** For links within the page. */
  readonly id: string
  readonly title: string
  readonly body: Html
}

/**
 * A page that is one file: no script, nothing loaded, light or dark as its reader has it. The policy in its head makes the
 * browser hold it to that, so that a report from elsewhere can be opened without a thought.
 */
export function htmlPage({ title, kicker, verdict, facts, sections, footer }: HtmlPage): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>${verdict.word} · ${title}</title>
<style>${{ html: PAGE_STYLE }}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<p class="kicker">${kicker}</p>
<h1>${title}</h1>
<p class="verdict ${verdict.tone}">${badge(verdict.tone, verdict.word)} <span>${verdict.detail}</span></p>
<dl class="facts">
${facts.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>\n`)}</dl>
<nav aria-label="Sections"><ul>
${sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>\n`)}</ul></nav>
</header>
<main id="content">
${sections.map(
  ({ id, title: name, body }) => html`<section aria-labelledby="${id}">
<h2 id="${id}">${name}</h2>
${body}
</section>
`,
)}</main>
<footer><p>${footer}</p></footer>
</body>
</html>
`
  return page.html
}

/** A sign and a word beside the colour: not everyone sees colours, and not every printer has them. */
export function badge(tone: Tone, word: string): Html {
  return html`<span class="badge ${tone}"><span aria-hidden="true">${SIGNS[tone]}</span> ${word}</span>`
}

const SIGNS: Readonly<Record<Tone, string>> = { good: '✓', bad: '✗', unsure: '?', muted: '–' }
