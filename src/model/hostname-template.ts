import { AppError } from '../base/errors.js'

/**
 * The part of Go's text/template that HostnameGenerators and SPIFFE ids are written in: fields (`{{ .DisplayName }}`),
 * the function `label "key"`, literal text, and trim markers (`{{-`, `-}}`). Pipelines, conditions and variables are
 * refused by name (docs/DIFFERENCES.md).
 */
export interface HostnameTemplate {
  readonly parts: readonly Part[]
}

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly field: string }
  | { readonly kind: 'label'; readonly key: string }

/** What a template may ask of a resource; `fields` by Go's names. */
export interface TemplateValues {
  readonly fields: Readonly<Record<string, string>>
  /** Undefined when the label is absent, which ends the rendering. */
  readonly label: (key: string) => string | undefined
}

const FIELD = /^\.([A-Za-z_][A-Za-z0-9_]*)$/
const LABEL_CALL = /^label\s+("(?:[^"\\\n]|\\.)*"|`[^`]*`)$/
/** What may not follow a field's or a function's name. */
const BAD_CHARACTER = /^\.?[A-Za-z0-9_]+([^A-Za-z0-9_\s.,|:()])/
const FUNCTION = /^([A-Za-z_][A-Za-z0-9_]*)/

/** Throws `invalid-argument`, worded as Go words it where the mistake is one of Go's. */
export function parseTemplate(text: string): HostnameTemplate {
  const parts: Part[] = []
  let rest = text
  let trimNext = false
  for (;;) {
    const open = rest.indexOf('{{')
    let literal = open < 0 ? rest : rest.slice(0, open)
    if (trimNext) literal = literal.trimStart()
    if (open < 0) {
      if (literal !== '') parts.push({ kind: 'text', text: literal })
      return { parts }
    }
    const close = rest.indexOf('}}', open)
    if (close < 0) throw refused('unclosed action')
    let action = rest.slice(open + 2, close)
    if (/^-\s/.test(action)) {
      literal = literal.trimEnd()
      action = action.slice(1)
    }
    trimNext = /\s-$/.test(action)
    if (trimNext) action = action.slice(0, -1)
    if (literal !== '') parts.push({ kind: 'text', text: literal })
    parts.push(parseAction(action.trim()))
    rest = rest.slice(close + 2)
  }
}

/** Throws `invalid-argument` for an unknown field and for a label that the resource lacks. */
export function renderTemplate(template: HostnameTemplate, values: TemplateValues): string {
  return template.parts.map((part) => renderPart(part, values)).join('')
}

function parseAction(action: string): Part {
  if (action === '') throw refused('missing value for command')
  const field = FIELD.exec(action)?.[1]
  if (field !== undefined) return { kind: 'field', field }
  const quoted = LABEL_CALL.exec(action)?.[1]
  if (quoted !== undefined) return { kind: 'label', key: unquote(quoted) }
  const stray = BAD_CHARACTER.exec(action)?.[1]
  if (stray !== undefined) throw refused(`bad character U+${codePoint(stray)} '${stray}'`)
  const name = FUNCTION.exec(action)?.[1]
  if (name !== undefined && name !== 'label') throw refused(`function ${JSON.stringify(name)} not defined`)
  throw refused(`unexpected ${JSON.stringify(action)} in command: use a field or label "key"`)
}

function codePoint(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
}

function unquote(quoted: string): string {
  return quoted.startsWith('`') ? quoted.slice(1, -1) : quoted.slice(1, -1).replace(/\\(.)/g, '$1')
}

function renderPart(part: Part, values: TemplateValues): string {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'field': {
      if (!Object.hasOwn(values.fields, part.field)) {
        throw refused(`executing "" at <.${part.field}>: can't evaluate field ${part.field}`)
      }
      return values.fields[part.field] as string
    }
    case 'label': {
      const value = values.label(part.key)
      if (value === undefined) {
        throw refused(
          `executing "" at <label ${JSON.stringify(part.key)}>: error calling label: label ${part.key} not found`,
        )
      }
      return value
    }
  }
}

function refused(reason: string): AppError {
  return new AppError('invalid-argument', `template: :1: ${reason}`)
}
