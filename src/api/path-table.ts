import type { Route } from './route.js'

/** Where a path leads: its routes, by method, and what it gives for their parameters. */
export interface Match {
  /** As the routes state it, with its parameters in braces. */
  readonly path: string
  readonly routes: readonly Route[]
  readonly params: Readonly<Record<string, string>>
}

interface Node {
  readonly fixed: Map<string, Node>
  /** For a segment that is a parameter. */
  any: Node | undefined
  /** Of the path that ends here. */
  end: { readonly path: string; readonly names: readonly string[]; readonly routes: Route[] } | undefined
}

const PARAMETER = /^\{(\w+)\}$/

/**
 * Routes by path, a node for each segment. Every listener shares one: a router of Fastify's own for each of them, with a tree
 * for each method, took 7 MB and a quarter of a zone's start.
 */
export class PathTable {
  readonly #root = emptyNode()
  readonly #parameterLengthMax: number

  constructor(routes: readonly Route[], parameterLengthMax: number) {
    this.#parameterLengthMax = parameterLengthMax
    for (const route of routes) this.#add(route)
  }

  /** For the path of a URL, still encoded; one slash at its end makes no difference. Throws URIError for what does not decode. */
  find(path: string): Match | undefined {
    const segments = segmentsOf(path).map((segment) => decodeURIComponent(segment))
    const node = this.#descend(this.#root, segments, 0)
    if (!node?.end) return undefined
    const { path: stated, names, routes } = node.end
    const values = segmentsOf(stated).flatMap((segment, index) =>
      PARAMETER.test(segment) ? [segments[index] ?? ''] : [],
    )
    return { path: stated, routes, params: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])) }
  }

  #add(route: Route): void {
    let node = this.#root
    const names: string[] = []
    for (const segment of segmentsOf(route.path)) {
      const [, name] = PARAMETER.exec(segment) ?? []
      if (name === undefined) {
        const next = node.fixed.get(segment) ?? emptyNode()
        node.fixed.set(segment, next)
        node = next
      } else {
        names.push(name)
        node.any ??= emptyNode()
        node = node.any
      }
    }
    node.end ??= { path: route.path, names, routes: [] }
    node.end.routes.push(route)
  }

  /** A fixed segment goes before a parameter, whose way is tried when the other leads nowhere. */
  #descend(node: Node, segments: readonly string[], at: number): Node | undefined {
    const segment = segments[at]
    if (segment === undefined) return node.end && node
    const fixed = node.fixed.get(segment)
    const found = fixed && this.#descend(fixed, segments, at + 1)
    if (found) return found
    if (!node.any || segment === '' || segment.length > this.#parameterLengthMax) return undefined
    return this.#descend(node.any, segments, at + 1)
  }
}

function emptyNode(): Node {
  return { fixed: new Map(), any: undefined, end: undefined }
}

/** `/` has none. */
function segmentsOf(path: string): readonly string[] {
  const inner = path.replace(/^\//, '').replace(/\/$/, '')
  return inner === '' ? [] : inner.split('/')
}
