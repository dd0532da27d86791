import type { Loose, Rest } from './rest.js'
import type { RestRequest } from './rest-requests.js'

/** Two control planes in the same state. */
export interface Pair {
  readonly ours: Rest
  readonly real: Rest
}

/** Differences that docs/interop.md lists as meant: the same refusal in other words than Go's decoders. */
const OTHER_WORDS: ReadonlySet<string> = new Set([
  '{"type":"Mesh","name":"third","skipCreatingInitialPolicies":5}',
  '{"type":"Secret","mesh":"default","name":"own","data":"!"}',
])

/** What the two answer differently, for people to read; empty: nothing. */
export async function differences({ ours, real }: Pair, requests: readonly RestRequest[]): Promise<string> {
  const found: string[] = []
  for (const request of requests) {
    const [one, other] = [await answerOf(ours, request), await answerOf(real, request)]
    const title = `${request.method} ${request.path}`
    if (OTHER_WORDS.has(request.body ?? '') && one.status === other.status && one.body.title === other.body.title)
      continue
    if (text(one) === text(other)) continue
    found.push([title, request.body ?? '', `ours ${text(one)}`, `real ${text(other)}`].join('\n'))
  }
  return found.join('\n\n')
}

function text(answer: Comparable): string {
  return JSON.stringify(answer)
}

interface Comparable {
  readonly status: number
  readonly contentType: string | null
  readonly body: Loose
}

async function answerOf(rest: Rest, { method, path, body, headers }: RestRequest): Promise<Comparable> {
  const { status, text, headers: got } = await rest.send(method, path, body, { ...headers })
  const plain = text.replaceAll(rest.url, 'URL')
  return { status, contentType: got.get('content-type'), body: normalised(plain) }
}

/** What a zone says of its own settings; and when it last said that it is well, which a real global notes minutes later. */
const UNSHARED: ReadonlySet<string> = new Set(['config', 'healthCheck'])

/** Without the order of fields and without values that two control planes never share. */
function normalised(text: string): Loose {
  const erased = text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/241\.0\.0\.\d+/g, 'VIP')
    .replace(/"(responses\w+)": "\d+"/g, '"$1": "COUNT"')
    .replace(/"(\w*nstanceId|clusterId|version|buildDate|gitCommit|gitTag|gui|data)": "[^"]*"/g, '"$1": "OWN"')
  try {
    return JSON.parse(erased, (key, value) => (UNSHARED.has(key) ? undefined : isObject(value) ? sorted(value) : value))
  } catch {
    return erased
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
