import { type Document, isMap, isNode, isPair, isScalar, LineCounter, type Node, parseAllDocuments } from 'yaml'
import { AppError } from '../base/errors.js'

type Path = readonly (string | number)[]

/** One document of a YAML or JSON file, and where in the file its parts stand. */
export interface YamlDocument {
  readonly value: unknown
  /** `file:line:column` of what is at the path, or of its nearest ancestor that is there. */
  where(path: Path): string
}

/** A file of YAML with aliases that multiply would fill the memory; ours have none. */
const ALIASES_MAX = 100

/** Documents without content are left out. Throws `invalid-argument` that names file, line and column. */
export function parseYaml(text: string, file: string): YamlDocument[] {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const documents = 'empty' in parsed ? [] : [...(parsed as Document.Parsed[])]
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}`
  }
  for (const { errors } of documents) {
    const [error] = errors
    if (error) throw new AppError('invalid-argument', `${position(error.pos[0])}: ${firstLine(error.message)}`)
  }
  return documents
    .map((document) => ({
      value: document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown,
      where: (path: Path) => position(offsetOf(document, path)),
    }))
    .filter(({ value }) => value !== null && value !== undefined)
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? message
}

function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const step of path) {
    const next = child(node, step)
    if (next === undefined) break
    offset = next.offset ?? offset
    node = next.value
  }
  return offset
}

/** Of a map's entry the key is where people look. */
function child(node: unknown, step: string | number): { value: unknown; offset: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
    return isPair(pair) ? { value: pair.value, offset: startOf(pair.key) } : undefined
  }
  const items = (node as { items?: readonly unknown[] } | undefined)?.items
  const item = typeof step === 'number' ? items?.[step] : undefined
  return item === undefined ? undefined : { value: item, offset: startOf(item) }
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined
}
