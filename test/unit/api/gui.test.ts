import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GuiConfig, guiPlugin } from '../../../src/api/gui.js'
import { silentLogger } from '../../../src/base/log.js'
import { HttpServer } from '../../../src/transport/http/server.js'
import { FakeClock } from '../../support/fake-clock.js'

const CONFIG: GuiConfig = {
  baseGuiPath: '/gui',
  apiUrl: '/',
  version: '3.0.0</script>',
  product: 'Kuma',
  mode: 'global',
  environment: 'universal',
  storeType: 'memory',
  apiReadOnly: false,
}

describe('the GUI', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-gui-'))
  beforeAll(() => {
    mkdirSync(join(folder, 'assets'))
    writeFileSync(join(folder, 'index.html'), '<base href="{{.BaseGuiPath}}/"><script id="kuma-config">{{.}}</script>')
    writeFileSync(join(folder, 'assets', 'a.js'), 'x')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  async function get(url: string, from: { folder: string | undefined } = { folder }) {
    const options = { name: 'api', host: '127.0.0.1', port: 0, clock: new FakeClock(), log: silentLogger }
    const { fastify } = new HttpServer(options)
    await fastify.register(guiPlugin, { ...from, config: CONFIG, prefix: '/gui' })
    return fastify.inject({ url })
  }

  test.each(['/gui/', '/gui/zones/kri_z____east_/overview', '/gui/assets/none.js', '/gui/..%2f..%2fetc/passwd'])(
    'shows its page at %s, with the configuration in it',
    async (url) => {
      const response = await get(url)
      expect(response.statusCode).toBe(200)
      expect(response.headers['content-type']).toBe('text/html; charset=utf-8')
      const [, config = ''] = /^<base href="\/gui\/"><script id="kuma-config">(.*)<\/script>$/.exec(response.body) ?? []
      expect(config).not.toContain('<')
      expect(JSON.parse(config)).toEqual(CONFIG)
    },
  )

  test('serves the files of its bundle by their type', async () => {
    const response = await get('/gui/assets/a.js?v=1')
    expect(response.headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(response.body).toBe('x')
  })

  test.each([
    ['/gui', 307, '/gui/'],
    ['/gui/index.html', 301, './'],
  ])('leads from %s to its page', async (url, status, location) => {
    const response = await get(url)
    expect(response.statusCode).toBe(status)
    expect(response.headers.location).toBe(location)
  })

  test('that is not there says so', async () => {
    const response = await get('/gui/', { folder: undefined })
    expect(response.statusCode).toBe(200)
    expect(response.body).toContain('serves no GUI')
  })

  test.each([
    ['a folder that is not there', join(folder, 'nope'), /cannot be read/],
    ['a folder without a page', join(folder, 'assets'), /holds no index.html/],
  ])('refuses %s', async (_what, wrong, message) => {
    await expect(get('/gui/', { folder: wrong })).rejects.toThrow(message)
  })
})
