import { isIP } from 'node:net'

/** DNS name rules as Kubernetes words them (`k8s.io/apimachinery/pkg/util/validation`). Each returns reasons; empty means valid. */
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const RFC1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'

const LABEL_ONLY = new RegExp(`^${LABEL}$`)
const SUBDOMAIN_ONLY = new RegExp(`^${SUBDOMAIN}$`)
const RFC1035_ONLY = new RegExp(`^${RFC1035}$`)

const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with " +
  `an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  `end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`
const RFC1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, " +
  `and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${RFC1035}')`

export const LABEL_LENGTH_MAX = 63
export const SUBDOMAIN_LENGTH_MAX = 253

export function rfc1123LabelFaults(value: string): string[] {
  const faults = tooLong(value, LABEL_LENGTH_MAX)
  if (LABEL_ONLY.test(value)) return faults
  return [...faults, SUBDOMAIN_ONLY.test(value) ? 'must not contain dots' : LABEL_TEXT]
}

export function rfc1123SubdomainFaults(value: string): string[] {
  const faults = tooLong(value, SUBDOMAIN_LENGTH_MAX)
  return SUBDOMAIN_ONLY.test(value) ? faults : [...faults, SUBDOMAIN_TEXT]
}

export function rfc1035LabelFaults(value: string): string[] {
  const faults = tooLong(value, LABEL_LENGTH_MAX)
  return RFC1035_ONLY.test(value) ? faults : [...faults, RFC1035_TEXT]
}

export function isRfc1123Subdomain(value: string): boolean {
  return SUBDOMAIN_ONLY.test(value)
}

function tooLong(value: string, limit: number): string[] {
  return value.length > limit ? [`must be no more than ${limit} characters`] : []
}

/** As Go's `net.ParseIP`: no IPv6 zone. */
export function isIpAddress(value: string): boolean {
  return isIP(value) !== 0 && !value.includes('%')
}

const DNS_NAME = /^([a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})(\.[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})*[._]?$/
/** Without its dots (RFC 1035 §2.3.4). */
const DNS_NAME_LENGTH_MAX = 255

/** The looser rule for addresses that are typed by people (govalidator `IsDNSName`): upper case and underscores pass. */
export function isDnsName(value: string): boolean {
  return value.replaceAll('.', '').length <= DNS_NAME_LENGTH_MAX && !isIpAddress(value) && DNS_NAME.test(value)
}

/** `a.b.c.d/n` or the IPv6 form (Go `net.ParseCIDR`). */
export function isCidr(value: string): boolean {
  const [address = '', bits = '', ...more] = value.split('/')
  if (more.length > 0 || !/^\d{1,3}$/.test(bits) || !isIpAddress(address)) return false
  return Number(bits) <= (isIP(address) === 4 ? 32 : 128)
}
