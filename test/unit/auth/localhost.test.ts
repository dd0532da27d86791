import { expect, test } from 'vitest'
import { isDirectLoopback } from '../../../src/auth/localhost.js'

const request = (headers: Record<string, string>, remoteAddress: string | undefined = '127.0.0.1') =>
  isDirectLoopback({ remoteAddress, headers: { host: 'localhost:5681', ...headers } })

test.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])('a peer at %s is this machine', (remoteAddress) => {
  expect(request({}, remoteAddress)).toBe(true)
})

test.each(['10.0.0.1', '128.0.0.1', '::2', '::ffff:10.0.0.1', '', 'example.com'])('a peer at %j is not', (address) => {
  expect(request({}, address)).toBe(false)
})

test('a peer without an address is not', () => {
  expect(isDirectLoopback({ remoteAddress: undefined, headers: { host: 'localhost' } })).toBe(false)
})

test.each(['forwarded', 'x-forwarded-for', 'x-real-ip'])('ZT row 207: a call with %s came through a proxy', (name) => {
  expect(request({ [name]: '127.0.0.1' })).toBe(false)
  expect(request({ [name]: '' })).toBe(true)
})

test.each([
  'localhost',
  'LOCALHOST:5681',
  'localhost.',
  '127.0.0.1:5681',
  '127.1.2.3',
  '[::1]:5681',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
])('the host %s is this machine', (host) => {
  expect(request({ host })).toBe(true)
})

test.each([
  '',
  'example.com',
  'localhost.example.com',
  'user@localhost',
  'localhost:',
  'localhost:0',
  'localhost:65536',
  'localhost:x',
  'localhost/path',
  'localhost?q',
  '[::2]',
  '::1',
  '0.0.0.0',
  'local host',
  '.',
])('ZT row 207: the host %j is not', (host) => {
  expect(request({ host })).toBe(false)
})

test('a call without a host is not direct', () => {
  expect(isDirectLoopback({ remoteAddress: '127.0.0.1', headers: {} })).toBe(false)
})

test.each([
  ['', true],
  ['same-origin', true],
  ['none', true],
  ['cross-site', false],
  ['same-site', false],
  ['Same-Origin', false],
])('a fetch marked %j: %s', (site, direct) => {
  expect(request({ 'sec-fetch-site': site })).toBe(direct)
})

test.each([
  ['', true],
  ['http://localhost:5681', true],
  ['HTTP://LOCALHOST:5681', true],
  ['http://localhost.:5681', true],
  ['https://localhost:5681', true],
  ['http://localhost', false],
  ['http://localhost:5682', false],
  ['http://127.0.0.1:5681', false],
  ['http://example.com', false],
  ['http://localhost:5681/', false],
  ['http://user@localhost:5681', false],
  ['ftp://localhost:5681', false],
  ['null', false],
  ['localhost:5681', false],
])('ZT row 207: the origin %j against the host localhost:5681: %s', (origin, direct) => {
  expect(request({ origin })).toBe(direct)
})

test('an origin without a port means the port of its scheme', () => {
  expect(request({ host: 'localhost', origin: 'http://localhost' })).toBe(true)
  expect(request({ host: 'localhost:80', origin: 'http://localhost' })).toBe(true)
  expect(request({ host: 'localhost:443', origin: 'https://localhost' })).toBe(true)
  expect(request({ host: 'localhost:443', origin: 'http://localhost' })).toBe(false)
})

test('an address is compared by value', () => {
  expect(request({ host: '[::1]:5681', origin: 'http://[0:0::1]:5681' })).toBe(true)
})
