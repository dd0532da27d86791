import { Parser } from 'tap-parser'
import { describe, expect, test } from 'vitest'
import { markdownTable } from '../../../src/report/markdown.js'
import { tapDocument } from '../../../src/report/tap.js'
import { element, xmlDocument } from '../../../src/report/xml.js'

describe('XML', () => {
  test('escapes text and attributes, and keeps the line breaks of both', () => {
    const root = element('a', { title: 'x "<\n' }, element('b', {}, '1 < 2 & ]]>\n'))
    expect(xmlDocument(root)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<a title="x &quot;&lt;&#10;">\n  <b>1 &lt; 2 &amp; ]]&gt;\n</b>\n</a>\n',
    )
  })

  test('replaces what XML cannot write', () => {
    expect(xmlDocument(element('a', {}, 'nul\u0000 bel\u0007 half\uD800 whole\u{1F600}'))).toContain(
      'nul\uFFFD bel\uFFFD half\uFFFD whole\u{1F600}',
    )
  })

  test('leaves out attributes that are not there', () => {
    expect(xmlDocument(element('a', { x: undefined, n: 0 }))).toContain('<a n="0"/>')
  })
})

describe('TAP', () => {
  const document = tapDocument(
    ['target 127.0.0.1:5685'],
    [
      { name: 'time', points: [{ ok: true, description: 'an expired token is refused # by its code' }] },
      {
        name: 'key # selection',
        points: [
          { ok: true, description: 'needs keys', directive: { kind: 'skip', reason: 'needs keys' } },
          { ok: false, description: 'a warning', directive: { kind: 'todo', reason: 'SHOULD' } },
          { ok: false, description: 'fails', diagnostic: { why: 'accepted\nin two lines', status: 0 } },
        ],
      },
    ],
  )
  const parser = new Parser()
  parser.end(document)
  const results = parser.results

  test('is read by a parser that knows nothing of us', () => {
    expect(results?.plan.end).toBe(2)
    expect(results?.failures).toMatchObject([{ id: 2, name: 'key # selection' }])
    expect(Parser.parse(document)).toContainEqual(['version', 14])
  })

  test('points that were not tried or only warn fail no group', () => {
    const calm = tapDocument(
      [],
      [{ name: 'a', points: [{ ok: false, description: 'b', directive: { kind: 'todo', reason: 'c' } }] }],
    )
    const reader = new Parser()
    reader.end(calm)
    expect(reader.results?.ok).toBe(true)
  })

  test('a hash in a description is no directive', () => {
    expect(document).toContain('ok 1 - an expired token is refused \\# by its code')
  })

  test('a diagnostic is YAML, whatever lines it has', () => {
    const flat = JSON.stringify(Parser.parse(document))
    expect(flat).toContain('"why":"accepted\\nin two lines"')
  })
})

describe('Markdown', () => {
  test('keeps text text', () => {
    expect(markdownTable(['case'], [['a|b <img> `x` [y](z)\nnext']])).toBe(
      '| case |\n| --- |\n| a\\|b \\<img\\> \\`x\\` \\[y\\](z) next |\n',
    )
  })
})
