import { stringify } from 'yaml'

/** One test point. `todo`: it did not hold, and that does not fail the run; `skip`: it was not tried. */
export interface TapPoint {
  readonly ok: boolean
  readonly description: string
  readonly directive?: { readonly kind: 'skip' | 'todo'; readonly reason: string }
  /** Shown below the point. */
  readonly diagnostic?: object
}

export interface TapGroup {
  readonly name: string
  readonly points: readonly TapPoint[]
}

/** TAP version 14 (https://testanything.org/tap-version-14-specification.html), one subtest per group. */
export function tapDocument(comments: readonly string[], groups: readonly TapGroup[]): string {
  const lines = ['TAP version 14', ...comments.map((comment) => `# ${oneLine(comment)}`), `1..${groups.length}`]
  groups.forEach(({ name, points }, index) => {
    lines.push(`# Subtest: ${escaped(name)}`, `    1..${points.length}`)
    points.forEach((point, at) => {
      lines.push(...pointLines(point, at + 1).map((line) => `    ${line}`))
    })
    const ok = points.every((point) => point.ok || point.directive !== undefined)
    lines.push(...pointLines({ ok, description: name }, index + 1))
  })
  return `${lines.join('\n')}\n`
}

function pointLines({ ok, description, directive, diagnostic }: TapPoint, number: number): readonly string[] {
  const suffix = directive === undefined ? '' : ` # ${directive.kind.toUpperCase()} ${oneLine(directive.reason)}`
  const line = `${ok ? 'ok' : 'not ok'} ${number} - ${escaped(description)}${suffix}`
  if (diagnostic === undefined) return [line]
  const yaml = stringify(diagnostic, { lineWidth: 0 }).trimEnd().split('\n')
  return [line, '  ---', ...yaml.map((text) => `  ${text}`.trimEnd()), '  ...']
}

/** A hash begins a directive unless it is escaped, and so does what escapes it. */
function escaped(text: string): string {
  return oneLine(text).replaceAll(/[\\#]/g, '\\$&')
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
