import { type Fault, field, withField } from './fault.js'
import { holds, type LooseToken, looseToken, type Members, reads, reissued, takes } from './loose-token.js'

/** Faults in reading a token: what is taken that is spelled wrongly, and which words of a header are passed over. */

const respelled = (name: string, caughtBy: Fault['caughtBy'], change: (text: string) => string): Fault =>
  reads(name, caughtBy, (call) => {
    const text = field(call, 'authorization')
    return text === undefined ? undefined : change(text)
  })

/** A verifier that is right but for not looking at these members of the header. */
const ignores = (name: string, caughtBy: Fault['caughtBy'], isIgnored: (token: LooseToken) => boolean): Fault =>
  takes(name, caughtBy, (token, world) =>
    isIgnored(token) && token.segments.length === 3 && isTyped(token) && holds(token, world.publicKey)
      ? token.claims
      : undefined,
  )

const isTyped = ({ header }: LooseToken) => header.alg === 'RS256' && typeof header.kid === 'string'

/** What a careful reader would not have taken, where a careless one sees nothing wrong. */
const isRepeated = (text: string, member: string) => [...text.matchAll(new RegExp(`"${member}"\\s*:`, 'g'))].length > 1
const spelled = ({ segments }: LooseToken, at: number) => Buffer.from(segments[at] ?? '', 'base64')

export const FORM_FAULTS: readonly Fault[] = [
  ignores('ignores crit', ['ZT-069', 'ZT-070', 'ZT-071'], ({ header }) => header.crit !== undefined),
  ignores('ignores b64', ['ZT-073'], ({ header }) => header.b64 === false && header.crit === undefined),
  {
    name: 'takes an unencoded payload',
    caughtBy: ['ZT-072'],
    weaken(call, world) {
      const payload = /^[\w-]+\.(\{.*\})\.[\w-]+$/.exec(field(call, 'authorization') ?? '')?.[1]
      return payload === undefined
        ? call
        : withField(call, 'authorization', reissued(JSON.parse(payload) as Members, world))
    },
  },
  ignores('passes over zip', ['ZT-075'], ({ header }) => header.zip !== undefined),
  ignores('ignores typ', ['ZT-079'], ({ header }) => header.typ !== undefined && header.typ !== 'JWT'),
  {
    name: 'takes a token in a token',
    caughtBy: ['ZT-076'],
    weaken(call) {
      const inner = Buffer.from(field(call, 'authorization')?.split('.')[1] ?? '', 'base64').toString()
      return /^ey[\w-]+\.ey[\w-]+\./.test(inner) ? withField(call, 'authorization', inner) : call
    },
  },
  respelled('takes the JSON serialisation', ['ZT-078'], (text) => {
    if (!text.startsWith('{')) return text
    const { protected: head, payload, signature } = JSON.parse(text) as Record<string, string>
    return `${head}.${payload}.${signature}`
  }),
  respelled('takes padding', ['ZT-087'], (text) => text.replaceAll('=', '')),
  respelled('passes over white space in a token', ['ZT-089'], (text) => text.replaceAll(/(?<=ey\S+)\s/g, '')),
  {
    name: 'takes any spelling of a signature',
    caughtBy: ['ZT-090'],
    weaken(call) {
      const token = looseToken(call)
      if (token?.segments.length !== 3 || /[^\w-]/.test(token.segments[2] ?? '')) return call
      const [head, payload] = token.segments
      return withField(call, 'authorization', `${head}.${payload}.${token.signature.toString('base64url')}`)
    },
  },
  reads('reads the first three of any number of segments', ['ZT-091'], (call) =>
    field(call, 'authorization')?.split('.').slice(0, 3).join('.'),
  ),
  ignores('keeps the last of two members of a header', ['ZT-042', 'ZT-048'], (token) => {
    const head = spelled(token, 0).toString()
    return isRepeated(head.replaceAll('\\u0069', 'i'), 'kid') || isRepeated(head, 'alg')
  }),
  ignores('keeps the last of two claims', ['ZT-085'], (token) => isRepeated(spelled(token, 1).toString(), 'Zone')),
  ignores(
    'passes over a byte order mark',
    ['ZT-081'],
    (token) => spelled(token, 0)[0] === 0xef || spelled(token, 1)[0] === 0xef,
  ),
  ignores('replaces bytes that are no UTF-8', ['ZT-083'], (token) => spelled(token, 1).includes(0xff)),
  takes('reads claims that are inherited', ['ZT-086'], (token, world) => {
    const inherited = /"__proto__":(\{[^}]*\})/.exec(spelled(token, 1).toString())?.[1]
    if (inherited === undefined || !holds(token, world.publicKey)) return undefined
    return { ...token.claims, ...(JSON.parse(inherited) as object) }
  }),
]
