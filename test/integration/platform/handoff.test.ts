import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManagerLab } from './manager-lab.js'

const PATH = '/v1/mesh/control-planes'

let lab: ManagerLab

beforeEach(async () => {
  lab = await new ManagerLab().start()
})
afterEach(() => lab.stop())

const create = (name = 'shop') => lab.call('POST', PATH, { body: { name } })
const listed = async () => {
  const { body } = await lab.call('GET', PATH)
  return body.data.map(({ name }: { name: string }) => name)
}
/** All that the manager keeps of control planes, halves included. */
const kept = async () => (await lab.overview()).map(({ phase }) => phase)

describe('a control plane that its global does not take', () => {
  test('is answered with 503, and there is none', async () => {
    await lab.global().stop()
    const refused = await create()
    expect(refused).toMatchObject({ status: 503, body: { title: 'Service Unavailable' } })
    expect(refused.headers.get('retry-after')).toBe('2')
    expect(await listed()).toEqual([])
  })

  test('can be asked for again under its name at once', async () => {
    await lab.global().stop()
    await create()
    expect((await create()).status).toBe(503)
    await lab.global().start()
    expect((await create()).status).toBe(201)
    expect(await listed()).toEqual(['shop'])
    await expect.poll(kept, { timeout: 10_000 }).toEqual(['ready'])
  })

  test('is removed from a global that took it and could not say so', async () => {
    let interrupted = ''
    lab.global().onHandOver = (id) => {
      interrupted = id
      lab.global().tenants.set(id, { zones: new Set(), online: new Set() })
      throw new Error('the connection breaks after the tenant was made')
    }
    expect((await create()).status).toBe(503)
    expect(interrupted).not.toBe('')
    expect(lab.global().tenants.size).toBe(0)
    expect(await kept()).toEqual([])
  })
})

test('a manager that dies between the two halves finds and removes the half when it comes back', async () => {
  const handedOver = new Promise<void>((resolve) => {
    lab.global().onHandOver = async (id) => {
      lab.global().tenants.set(id, { zones: new Set(), online: new Set() })
      resolve()
      // The answer never comes: the manager is gone before.
      await new Promise(() => {})
    }
  })
  const asked = create().catch(() => undefined)
  await handedOver
  await lab.crashManager()
  await asked
  expect(lab.global().tenants.size).toBe(1)
  await lab.startManager()
  expect(lab.global().tenants.size).toBe(0)
  expect(await listed()).toEqual([])
  expect(await kept()).toEqual([])
})

describe('a removal', () => {
  test('is answered with 503 and changes nothing while its global cannot say whether a zone is online', async () => {
    const { body } = await create()
    await lab.global().stop()
    expect((await lab.call('DELETE', `${PATH}/${body.id}`)).status).toBe(503)
    expect(await listed()).toEqual(['shop'])
  })

  test('that was written down is ended by the next life of the manager', async () => {
    const { body } = await create()
    await lab.call('POST', `${PATH}/${body.id}/api/provision-zone`, { body: { name: 'zone-1' } })
    const asked = new Promise<void>((resolve) => {
      lab.global().onRemoval = async () => {
        resolve()
        await new Promise(() => {})
      }
    })
    const removal = lab.call('DELETE', `${PATH}/${body.id}`).catch(() => undefined)
    await asked
    expect(await listed()).toEqual([])
    await lab.crashManager()
    await removal
    lab.global().onRemoval = () => {}
    await lab.startManager()
    expect(lab.global().tenants.size).toBe(0)
    expect(await kept()).toEqual([])
    expect((await lab.call('GET', '/v3/system-accounts')).body.data).toEqual([])
  })
})

test('of several instances of a global one that is there is asked', async () => {
  const { body } = await create()
  await lab.stopManager()
  // Nobody listens on the first port of all.
  await lab.startManager({ 'us-1': `http://127.0.0.1:1,${lab.global().url}` })
  expect((await lab.call('GET', `${PATH}/${body.id}/api/meshes`)).status).toBe(200)
  expect((await lab.call('DELETE', `${PATH}/${body.id}`)).status).toBe(204)
  expect(lab.global().tenants.size).toBe(0)
})

test('the hand-over can be repeated', async () => {
  const { body } = await create()
  await lab.stopManager()
  await lab.startManager()
  expect(await listed()).toEqual(['shop'])
  expect(lab.global().tenants.has(body.id)).toBe(true)
})

describe('a global that has lost what it had', () => {
  const tenants = () => [...lab.global().tenants].map(([id, { zones }]) => [id, [...zones].sort()])

  test('is handed its control planes again, with the zones that were provisioned, and their tokens stay', async () => {
    const { body } = await create()
    for (const name of ['zone-1', 'zone-2']) {
      await lab.call('POST', `${PATH}/${body.id}/api/provision-zone`, { body: { name } })
    }
    lab.global().forget()
    await expect.poll(tenants, { timeout: 20_000 }).toEqual([[body.id, ['zone-1', 'zone-2']]])
    expect((await lab.call('GET', '/v3/system-accounts')).body.data).toHaveLength(2)
  })

  test('and one that does not take them at first is handed them until it does', async () => {
    const { body } = await create()
    let tries = 0
    lab.global().onHandOver = () => {
      tries += 1
      throw new Error('the connection breaks')
    }
    lab.global().forget()
    await expect.poll(() => tries, { timeout: 20_000 }).toBeGreaterThan(0)
    lab.global().onHandOver = () => {}
    await expect.poll(tenants, { timeout: 20_000 }).toEqual([[body.id, []]])
  })

  test('is not handed what was removed', async () => {
    const { body } = await create()
    await lab.call('DELETE', `${PATH}/${body.id}`)
    const bank = await lab.newControlPlane('bank')
    lab.global().forget()
    await expect.poll(tenants, { timeout: 20_000 }).toEqual([[bank, []]])
  })
})
