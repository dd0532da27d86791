import type { Rpc } from '../../../src/conformance/rpc.js'
import { SOUND, type ZoneFault } from './zone-fault.js'

const UNAUTHENTICATED = '16'
const UNAVAILABLE = '14'
const isAdmin = (rpc: Rpc) => rpc.startsWith('Stream')
/** For faults that are waited for in vain. */
const FAST = 10
/** Longer than a full machine adds to it, at that speed too. */
const SAME_WAIT_MS = 40_000

/** Every planted fault of a zone, in the order of the matrix. docs/conformance-faults.md is made from these too. */
export const ZONE_FAULTS: readonly ZoneFault[] = [
  {
    name: 'shows no token',
    caughtBy: ['ZT-003', 'ZT-145', 'ZT-157'],
    manners: { credential: () => undefined },
  },
  {
    name: 'forgets its token on health checks',
    caughtBy: ['ZT-003', 'ZT-145'],
    manners: { credential: (token, { rpc }) => (rpc === 'HealthCheck' ? undefined : token) },
  },
  {
    name: 'forgets its token on the streams of an admin',
    caughtBy: ['ZT-003', 'ZT-157'],
    manners: { credential: (token, { rpc }) => (isAdmin(rpc) ? undefined : token) },
  },
  {
    name: 'puts a scheme before its token',
    caughtBy: ['ZT-003'],
    manners: { credential: (token) => `Bearer ${token}` },
  },
  {
    name: 'does not say which zone it is',
    caughtBy: ['ZT-003'],
    manners: { namesItself: false },
  },
  {
    name: 'writes its token into its log',
    caughtBy: ['ZT-003', 'ZT-220'],
    manners: { logged: (token) => token },
  },
  {
    name: 'keeps its streams when a health check is refused',
    caughtBy: ['ZT-142'],
    manners: { endsSession: (rpc) => rpc !== 'HealthCheck' },
    speed: FAST,
  },
  {
    name: 'comes again at once when it is refused',
    caughtBy: ['ZT-144'],
    manners: { waitMs: () => 0 },
    speed: 1,
  },
  {
    name: 'waits as long each time',
    caughtBy: ['ZT-144'],
    manners: { waitMs: () => SAME_WAIT_MS },
    speed: FAST,
  },
  {
    name: 'gives up when it is refused',
    caughtBy: ['ZT-142', 'ZT-144'],
    manners: { waitMs: (attempt, status) => (status === UNAUTHENTICATED ? undefined : SOUND.waitMs(attempt, status)) },
    speed: FAST,
  },
  {
    name: 'keeps the token that was in the file when it started',
    caughtBy: ['ZT-145'],
    manners: { tokenOf: ({ atStart }) => atStart },
    speed: FAST,
  },
  {
    name: 'reads the token file when it dials and not again',
    caughtBy: ['ZT-145'],
    manners: { tokenOf: ({ atDial }) => atDial },
    speed: FAST,
  },
  {
    name: 'begins a new session for a new token',
    caughtBy: ['ZT-145'],
    manners: { dropsSessionForNewToken: true },
  },
  {
    name: 'does not come back to a global that was not ready',
    caughtBy: ['ZT-157'],
    manners: { waitMs: (attempt, status) => (status === UNAVAILABLE ? undefined : SOUND.waitMs(attempt, status)) },
    speed: FAST,
  },
  {
    name: 'shows its token in its first session only',
    caughtBy: ['ZT-157', 'ZT-145'],
    manners: { credential: (token, { session }) => (session === 0 ? token : undefined) },
  },
  {
    name: 'sends its token in plaintext',
    caughtBy: ['ZT-216'],
    manners: { startsInPlaintext: true },
  },
  {
    name: 'starts for a plaintext global and keeps its token to itself',
    caughtBy: ['ZT-216'],
    manners: { startsInPlaintext: true, credential: (token, { plaintext }) => (plaintext ? undefined : token) },
  },
  {
    name: 'speaks TLS 1.1',
    caughtBy: ['ZT-218'],
    manners: { tls: { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' } },
  },
  {
    name: 'ignores what is wrong with a certificate',
    caughtBy: ['ZT-219'],
    manners: { trusts: () => true },
  },
  {
    name: 'takes a certificate of an unknown authority',
    caughtBy: ['ZT-219'],
    manners: {
      trusts: (fault, config) => /VERIFY|ISSUER|SELF_SIGNED/.test(fault ?? '') || SOUND.trusts(fault, config),
    },
  },
  {
    name: 'takes a certificate of any name',
    caughtBy: ['ZT-219'],
    manners: { tls: { checkServerIdentity: () => undefined } },
  },
  {
    name: 'takes a certificate that has expired',
    caughtBy: ['ZT-219'],
    manners: { trusts: (fault, config) => fault === 'CERT_HAS_EXPIRED' || SOUND.trusts(fault, config) },
  },
  {
    name: 'falls back to plaintext where TLS does not come about',
    caughtBy: ['ZT-219', 'ZT-218'],
    manners: { fallsBack: true },
    speed: 1,
  },
  {
    name: 'verifies although it is told not to',
    caughtBy: ['ZT-220'],
    manners: { trusts: (fault) => fault === undefined },
    speed: FAST,
  },
]
