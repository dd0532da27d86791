import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { METRICS } from '../../src/base/metrics.js'

interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}

const dashboard = JSON.parse(readFileSync('docs/grafana/zonelab.json', 'utf8')) as { readonly panels: Panel[] }
const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

/** Names that begin as ours do: functions, labels and variables of a query do not. */
const METRIC = /\b(?:(?:kds|xds|zonelab|process|nodejs|cp|resources)_\w+|leader\b)/g

function series(): ReadonlySet<string> {
  const names = Object.entries(METRICS).flatMap(([name, { kind }]) =>
    kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
  )
  return new Set(names)
}

test('each query of the Grafana dashboard names a metric that is served', () => {
  const named = expressions.flatMap((expr) => expr.match(METRIC) ?? [])
  expect(named.length).toBeGreaterThanOrEqual(expressions.length)
  const served = series()
  expect(named.filter((name) => !served.has(name))).toEqual([])
})

test('each query groups by labels that its metric has', () => {
  for (const expr of expressions) {
    const [metric = ''] = expr.match(METRIC) ?? []
    const description = Object.entries(METRICS).find(([name]) => metric.startsWith(name))?.[1]
    const allowed = ['le', 'zone', ...(description?.labels ?? [])]
    const groups = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', '))
    expect(groups.filter((label) => !allowed.includes(label))).toEqual([])
  }
})

test('each metric is on the dashboard', () => {
  const all = expressions.join(' ')
  expect(Object.keys(METRICS).filter((name) => !all.includes(name))).toEqual([])
})
