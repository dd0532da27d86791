import { createPublicKey } from 'node:crypto'
import type { Answer } from './answer.js'
import type { CallLane } from './call-lane.js'
import type { Way } from './door.js'
import type { Target } from './target.js'
import { secretPath, storedKeyOf } from './target-keys.js'
import { tokenWith } from './tokens/base-token.js'

/** Why nothing can be said of a target whose legal peer is refused, or whose clock is not ours. */

/** Further apart than this, boundary cases to the second would tell of the clocks and not of the target. */
const SKEW_MAX_S = 15
const TEN_YEARS_S = 315_360_000

/** Undefined: the legal peer is served. */
export async function legalPeerRefused(target: Target, lane: CallLane, way: Way): Promise<string | undefined> {
  const { exchange } = await lane.trial(lane.proving, await lane.bench.legalCall())
  const { answer, text } = exchange
  if (answer === 'OK') return undefined
  return `its legal peer is refused with ${answer} (${text}): ${await causeOf(target, lane, way, text)}`
}

async function causeOf(target: Target, lane: CallLane, way: Way, text: string): Promise<string> {
  const { platform, signing, onlyZone } = target
  if (platform) {
    return 'it shows an access token of a new account with the role Connector; does this global ask that platform?'
  }
  if (signing !== undefined) {
    if ((await answerTo(lane, TEN_YEARS_S)) === 'OK') return (await clockFault(target, lane)) ?? 'its clock is not ours'
    return (await storedOtherwise(target)) ?? keyCause(target, text)
  }
  if (onlyZone !== undefined) return 'the token was handed over; it may be revoked, or for another control plane'
  if (way === 'rest') return 'is --user-token-file of an admin of this control plane?'
  return 'the token is from the API; is that the API of this control plane?'
}

function keyCause({ signing, isKeyFromApi }: Target, text: string): string {
  if (isKeyFromApi) return 'the signing key is from the API; is that the API of this control plane?'
  const kid = `--kid ${signing?.kid}`
  if (/signature/i.test(text)) return `the target has another key of this id; is --signing-key the one of ${kid}?`
  if (/\bkid\b/i.test(text)) return `the target has no key of this id; is ${kid} right?`
  return `the target has no key of this id, or another one; are --signing-key and ${kid} right?`
}

/** What the API says of the key that was handed over; undefined: nothing, or that it is the one. */
async function storedOtherwise({ api, signing, isKeyFromApi, keyPlace }: Target): Promise<string | undefined> {
  if (api === undefined || signing === undefined || isKeyFromApi) return undefined
  try {
    const secret = await api.get(secretPath(keyPlace, signing.kid))
    if (secret === undefined) return `the API has no key with the id of --kid ${signing.kid}`
    const isSame = createPublicKey(storedKeyOf(secret)).equals(signing.publicKey)
    return isSame ? undefined : `the API has another key with the id of --kid ${signing.kid} than --signing-key`
  } catch {
    return undefined
  }
}

/** With tokens near their end one can tell the time of who judges them. Undefined: it is ours, or cannot be told. */
export async function clockFault(target: Target, lane: CallLane): Promise<string | undefined> {
  if (target.signing === undefined || target.platform !== undefined) return undefined
  if ((await answerTo(lane, SKEW_MAX_S)) !== 'OK') return `its clock is more than ${SKEW_MAX_S} s ahead of ours`
  // One that takes tokens of an hour ago looks at no clock at all, which is a case's to say.
  const behind = (await answerTo(lane, -SKEW_MAX_S)) === 'OK' && (await answerTo(lane, -3_600)) !== 'OK'
  return behind ? `its clock is more than ${SKEW_MAX_S} s behind ours` : undefined
}

/** To a token that ends so long from now and began to hold long ago. */
async function answerTo(lane: CallLane, endsInS: number): Promise<Answer> {
  const { bench, proving } = lane
  const nbf = bench.nowS - TEN_YEARS_S
  const fields = bench.fields(tokenWith(bench, { claims: { exp: bench.nowS + endsInS, nbf, iat: nbf } }))
  return (await lane.trial(proving, { fields })).exchange.answer
}
