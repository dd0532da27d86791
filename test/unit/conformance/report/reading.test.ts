import { describe, expect, test } from 'vitest'
import { compare, comparisonMarkdown, comparisonText } from '../../../../src/conformance/report/compare.js'
import { htmlReport } from '../../../../src/conformance/report/html.js'
import { alike } from '../../../../src/conformance/report/html-case.js'
import { markdownReport } from '../../../../src/conformance/report/markdown.js'
import { CONFORMANCE_RENDERERS } from '../../../../src/conformance/report/renderers.js'
import { standingOf } from '../../../../src/conformance/report/standing.js'
import { textReport } from '../../../../src/conformance/report/text.js'
import {
  attempt,
  CONFORMANT,
  caseResult,
  EVERY_STANDING,
  exchange,
  FAILED,
  PARTIAL,
  resultOf,
} from './sample-result.js'

describe('where a case stands', () => {
  test('is its outcome, weighed by its level and by what was expected of it', () => {
    expect(EVERY_STANDING.map(standingOf)).toEqual([
      'passed',
      'failed',
      'warning',
      'noted',
      'expected failure',
      'unexpected pass',
      'inconclusive',
      'not run',
    ])
  })
})

describe('every form', () => {
  const forms = Object.entries(CONFORMANCE_RENDERERS)

  test.each(forms)('%s opens with target, certificate, profile, tool, case set and rows', (_format, render) => {
    const text = render(FAILED)
    for (const fact of ['127.0.0.1:5685', 'SHA256:AB:CD:EF', 'zone-jwt', '0.1.0', 'sha256:0a1b2c', 'needs operator']) {
      expect(text).toContain(fact)
    }
  })

  test.each(forms)('%s names the rows that a partial run lacks, and says that it is partial', (_format, render) => {
    expect(render(PARTIAL)).toMatch(/partial/i)
    expect(render(PARTIAL)).toContain('ZT-116')
  })
})

describe('a row that has two right answers', () => {
  const both = resultOf([
    caseResult('ZT-042', { answeredAs: 'zonelab' }),
    caseResult('ZT-048', { answeredAs: 'kuma' }),
    caseResult('ZT-085', { answeredAs: 'kuma' }),
  ])

  test.each(Object.entries(CONFORMANCE_RENDERERS))('%s says whose was found', (_format, render) => {
    const text = render(both)
    for (const [id, whose] of [
      ['ZT-042', /zonelab/],
      ['ZT-085', /kuma/i],
    ] as const) {
      expect(text).toContain(id)
      expect(text).toMatch(whose)
    }
  })

  test('is told beside the others of that answer', () => {
    expect(textReport(both)).toContain('zonelab: ZT-042; Kuma: ZT-048, ZT-085')
  })
})

describe('HTML', () => {
  test('only a conformant run has a verdict that looks like a pass', () => {
    expect(htmlReport(CONFORMANT)).toContain('<p class="verdict good">')
    expect(htmlReport(PARTIAL)).toContain('<p class="verdict unsure">')
    expect(htmlReport(FAILED)).toContain('<p class="verdict bad">')
  })

  test('what a target says stays text', () => {
    expect(htmlReport(FAILED)).not.toContain('<script>')
    expect(htmlReport(FAILED)).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;')
  })

  test('every case has its norm, its calls with metadata and frames, and how to see it again', () => {
    const page = htmlReport(CONFORMANT)
    for (const part of [
      'RFC 8725 §3.2 (rfc)',
      'authorization: &lt;token: alg none, kid 1&gt;',
      '&gt; HEADERS stream=1 END_HEADERS 412 B',
      '= UNAUTHENTICATED (16): invalid zone token, trailers only, after 12 ms',
      'zonelab conformance run --case ZT-030 --target 127.0.0.1:5685',
    ]) {
      expect(page).toContain(part)
    }
  })

  test('RPCs that agree are told as one, and one that differs stands alone', () => {
    const other = attempt({ rpc: 'StreamStats', verdict: 'failed', call: exchange('OK') })
    const groups = alike([attempt(), attempt({ rpc: 'HealthCheck' }), other])
    expect(groups.map(({ rpcs }) => rpcs)).toEqual([['GlobalToZoneSync', 'HealthCheck'], ['StreamStats']])
  })
})

describe('text', () => {
  test('begins with the verdict and shows the evidence of what did not pass', () => {
    const lines = textReport(FAILED).split('\n')
    expect(lines[0]).toBe('NOT CONFORMANT: 2 MUST rows failed: ZT-033, ZT-047')
    expect(lines).toContain('failed: ZT-033 alg none is refused')
    expect(lines).toContain('    did not hold: no zone created (zl-conf-1 is there)')
    expect(lines).toContain('left behind on the target: Zone zl-conf-1')
  })

  test('a partial run is called no pass', () => {
    expect(textReport(PARTIAL)).toMatch(/^PARTIAL: no pass: nothing failed, but 1 MUST row did not run: ZT-116\n/)
  })
})

describe('Markdown', () => {
  test('has a sign for the verdict, and a table that its cells cannot break', () => {
    const text = markdownReport(FAILED)
    expect(text).toMatch(/^## Conformance: ❌ not conformant\n/)
    expect(text).toContain('said \\<script\\>alert("x")\\</script\\> \\& \\| \\# \\`y\\` \\]\\]\\>')
  })
})

describe('two runs compared', () => {
  const after = resultOf([caseResult('ZT-030', { outcome: { kind: 'failed', why: 'accepted' } }), caseResult('ZT-031')])

  test('what stands elsewhere is listed, and what got worse is called so', () => {
    expect(comparisonText(compare(CONFORMANT, after))).toContain(
      'worse  ZT-030  passed -> failed  alg none is refused (accepted)\nother  ZT-031  absent -> passed  alg none is refused\n',
    )
  })

  test('a fixed row is no worse', () => {
    expect(comparisonText(compare(after, CONFORMANT))).toContain('other  ZT-030  failed -> passed')
  })

  test('equal runs say so', () => {
    expect(comparisonText(compare(FAILED, FAILED))).toContain('every case stands where it stood')
    expect(comparisonMarkdown(compare(FAILED, FAILED))).toContain('Every case stands where it stood.')
  })

  test('runs of different sets of cases are told apart', () => {
    const header = { ...CONFORMANT.header, caseSet: { digest: 'sha256:other', cases: 1 } }
    expect(comparisonText(compare(CONFORMANT, { ...CONFORMANT, header }))).toContain('different sets of cases')
  })
})
