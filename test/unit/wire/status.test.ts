import { describe, expect, it } from 'vitest'
import { AppError, GRPC_STATUS } from '../../../src/base/errors.js'
import type { CloseReason } from '../../../src/protocol/close-reason.js'
import { headerValues, zoneHeaders } from '../../../src/wire/metadata.js'
import { errorOfStatus, reasonOfStatus, statusOfError, statusOfReason } from '../../../src/wire/status.js'

const REASONS: Record<CloseReason['kind'], [CloseReason, number]> = {
  'peer-ended': [{ kind: 'peer-ended', status: 0, detail: 'd' }, GRPC_STATUS.CANCELLED],
  'peer-lost': [{ kind: 'peer-lost', detail: 'd' }, GRPC_STATUS.UNAVAILABLE],
  'too-large': [{ kind: 'too-large', detail: 'd' }, 8],
  undecodable: [{ kind: 'undecodable', detail: 'd' }, GRPC_STATUS.INVALID_ARGUMENT],
  'protocol-error': [{ kind: 'protocol-error', detail: 'd' }, GRPC_STATUS.INVALID_ARGUMENT],
  refused: [{ kind: 'refused', code: 'permission-denied', detail: 'd' }, GRPC_STATUS.PERMISSION_DENIED],
  superseded: [{ kind: 'superseded', detail: 'd' }, GRPC_STATUS.UNAVAILABLE],
  'not-writable': [{ kind: 'not-writable', detail: 'd' }, GRPC_STATUS.UNAVAILABLE],
  'apply-failed': [{ kind: 'apply-failed', detail: 'd' }, GRPC_STATUS.INTERNAL],
  'fell-behind': [{ kind: 'fell-behind', detail: 'd' }, GRPC_STATUS.UNAVAILABLE],
  internal: [{ kind: 'internal', detail: 'd' }, GRPC_STATUS.INTERNAL],
  'zone-offline': [{ kind: 'zone-offline', detail: 'd' }, GRPC_STATUS.UNAVAILABLE],
  'shutting-down': [{ kind: 'shutting-down', detail: 'd' }, GRPC_STATUS.UNAVAILABLE],
}

describe('status', () => {
  it.each(Object.values(REASONS))('of $0.kind is not OK', (reason, code) => {
    expect(statusOfReason(reason).code).toBe(code)
  })

  it('of an error keeps its words, except for a mistake of ours', () => {
    expect(statusOfError(new AppError('unauthenticated', 'no token'))).toEqual({ code: 16, details: 'no token' })
    expect(statusOfError(new AppError('internal', 'a secret'))).toEqual({ code: 13, details: 'internal error' })
  })

  it('becomes the reason that a client’s stream ended', () => {
    expect(reasonOfStatus({ code: 7, details: 'x' })).toEqual({
      kind: 'refused',
      code: 'permission-denied',
      detail: 'x',
    })
    expect(reasonOfStatus({ code: 14, details: 'x' })).toEqual({ kind: 'peer-ended', status: 14, detail: 'x' })
  })

  it('becomes the error of a unary call', () => {
    expect(errorOfStatus({ code: 12, details: 'x' }).code).toBe('unimplemented')
    expect(errorOfStatus({ code: 15, details: 'x' }).code).toBe('internal')
  })
})

describe('headers', () => {
  it('of a zone name it, its features and what it proves itself with', () => {
    const cpId = { header: 'x-konnect-cp-id', id: 'cp-1' }
    expect(zoneHeaders({ zone: 'zone-1', version: '3.0.0', features: ['a', 'b'], token: 't', cpId })).toEqual({
      'client-id': ['zone-1'],
      'kds-version': ['v3'],
      'zone-version': ['v3'],
      features: ['a', 'b'],
      version: ['3.0.0'],
      authorization: ['t'],
      'x-konnect-cp-id': ['cp-1'],
    })
  })

  it('that were repeated are taken apart again, except authorization', () => {
    expect(headerValues('features', ['zone-ping-health, hash-suffix'])).toEqual(['zone-ping-health', 'hash-suffix'])
    expect(headerValues('authorization', ['a, b'])).toEqual(['a, b'])
    expect(headerValues('client-id', [])).toEqual([])
  })
})
