import {
  type AdmittedControlPlane,
  type AdmittedCredential,
  encodeFeedLine,
  type FeedLine,
} from '../wire/admission-feed.js'

export type StateLine = AdmittedControlPlane | AdmittedCredential

/** What one shard has been told, as lines, by whom they depend on. */
export class FeedState {
  readonly #lines = new Map<string, string>()
  readonly #keysByOwner = new Map<string, ReadonlySet<string>>()

  /** The whole state. */
  lines(): Iterable<string> {
    return this.#lines.values()
  }

  /** `owner` has these lines and no others from now on. Returns what has to be said so that a reader knows. */
  replace(owner: string, lines: readonly StateLine[]): string[] {
    const before = this.#keysByOwner.get(owner) ?? new Set<string>()
    const texts = new Map(lines.map((line) => [keyOf(line), encodeFeedLine(line)]))
    const said: string[] = []
    for (const key of before) {
      if (texts.has(key)) continue
      this.#lines.delete(key)
      said.push(encodeFeedLine(goneLine(key)))
    }
    for (const [key, text] of texts) {
      if (this.#lines.get(key) === text) continue
      this.#lines.set(key, text)
      said.push(text)
    }
    if (texts.size === 0) this.#keysByOwner.delete(owner)
    else this.#keysByOwner.set(owner, new Set(texts.keys()))
    return said
  }
}

const CONTROL_PLANE = 'control-plane '

function keyOf(line: StateLine): string {
  return line.kind === 'control-plane' ? `${CONTROL_PLANE}${line.id}` : line.digest
}

function goneLine(key: string): FeedLine {
  return key.startsWith(CONTROL_PLANE)
    ? { kind: 'control-plane-gone', id: key.slice(CONTROL_PLANE.length) as AdmittedControlPlane['id'] }
    : { kind: 'credential-gone', digest: key }
}
