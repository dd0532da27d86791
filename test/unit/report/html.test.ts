import { describe, expect, test } from 'vitest'
import { html } from '../../../src/report/html.js'
import { htmlPage } from '../../../src/report/html-page.js'

describe('HTML', () => {
  test('escapes what is put into it, in text and in attributes', () => {
    expect(html`<b title="${'"><script>'}">${"it's & <i>"}</b>`.html).toBe(
      '<b title="&quot;&gt;&lt;script&gt;">it&#39;s &amp; &lt;i&gt;</b>',
    )
  })

  test('takes pieces, lists and numbers, and nothing for undefined', () => {
    expect(html`<ul>${[1, 2].map((n) => html`<li>${n}</li>`)}</ul>${undefined}`.html).toBe(
      '<ul><li>1</li><li>2</li></ul>',
    )
  })
})

describe('a report page', () => {
  const page = htmlPage({
    title: 'a <b> target',
    kicker: 'Conformance',
    verdict: { tone: 'unsure', word: 'partial', detail: '3 rows were not run' },
    facts: [['Target', '127.0.0.1:5685']],
    sections: [{ id: 'areas', title: 'Areas', body: html`<p>all of them</p>` }],
    footer: 'zonelab 0.1.0',
  })

  test('is whole in itself: no script, no address that a browser would load', () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\ssrc=|https?:/)
    expect(page).toContain(`default-src 'none'`)
  })

  test('has a look for the light and one for the dark', () => {
    expect(page).toContain('@media (prefers-color-scheme: dark)')
    expect(page).toContain('<meta name="color-scheme" content="light dark">')
  })

  test('says the verdict in words, in its title too, and never as a pass when it is none', () => {
    expect(page).toContain('<title>partial · a &lt;b&gt; target</title>')
    expect(page).toContain('<span class="badge unsure"><span aria-hidden="true">?</span> partial</span>')
    expect(page).not.toContain('badge good')
  })

  test('every section can be reached by a link within the page', () => {
    expect(page).toContain('<a href="#areas">Areas</a>')
    expect(page).toContain('<h2 id="areas">Areas</h2>')
  })
})
