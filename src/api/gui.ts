import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.js'
import type { JsonObject } from '../model/json.js'

export interface GuiOptions {
  /** A built kuma-gui; undefined serves a page that says that there is none. Throws `invalid-argument` if unreadable. */
  readonly folder: string | undefined
  readonly config: GuiConfig
}

/** What the GUI reads out of its page. */
export interface GuiConfig {
  /** Where it is mounted, without a slash at the end. */
  readonly baseGuiPath: string
  /** The API that it asks, as a path or absolute. */
  readonly apiUrl: string
  readonly version: string
  readonly product: string
  readonly basedOnKuma?: string
  readonly mode: string
  readonly environment: string
  readonly storeType: string
  readonly apiReadOnly: boolean
}

const INDEX = 'index.html'
const HTML = 'text/html; charset=utf-8'
/** Twenty times today's bundle, which is kept in memory. */
const FOLDER_BYTES_MAX = 64 * 1024 * 1024

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': HTML,
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
}

/**
 * Serves Kuma's GUI as Kuma does (`gui_handler.go`): files of the bundle as they are, its index, with this control
 * plane's configuration in it, for every other path. Mount it under `config.baseGuiPath`; it asks for no user.
 */
export function guiPlugin(fastify: FastifyInstance, options: GuiOptions, done: (error?: Error) => void): void {
  try {
    const serve = guiHandler(options)
    fastify.get('/', serve)
    fastify.get('/*', serve)
    done()
  } catch (thrown) {
    done(AppError.from(thrown))
  }
}

function guiHandler({ folder, config }: GuiOptions): (request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  const files = folder === undefined ? new Map<string, Buffer>() : readFolder(folder)
  const page = folder === undefined ? NO_GUI : renderIndex(files.get(INDEX), folder, config)
  return (request, reply) => {
    const path = (request.params as { '*'?: string })['*'] ?? ''
    const [url = ''] = request.url.split('?', 1)
    if (path === '' && !url.endsWith('/')) return reply.redirect(`${url}/`, 307)
    if (path === INDEX) return reply.redirect('./', 301)
    const file = files.get(path)
    if (file === undefined) return reply.type(HTML).send(page)
    return reply.type(CONTENT_TYPES[extname(path)] ?? 'application/octet-stream').send(file)
  }
}

/** Everything below the folder, by path with slashes. */
function readFolder(folder: string): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>()
  let bytes = 0
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const file = readFileSync(path)
      bytes += file.length
      if (bytes > FOLDER_BYTES_MAX) throw new AppError('invalid-argument', `${folder} is larger than any GUI: 64 MiB`)
      files.set(relative(folder, path).split(sep).join('/'), file)
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('invalid-argument', `the GUI in ${folder} cannot be read; give the folder of a built kuma-gui`, {
      cause,
    })
  }
  return files
}

/** Fills the two holes of the bundle's Go template. */
function renderIndex(index: Buffer | undefined, folder: string, config: GuiConfig): string {
  if (index === undefined)
    throw new AppError('invalid-argument', `${folder} holds no ${INDEX}: it is no built kuma-gui`)
  const values: JsonObject = { ...config }
  // `<` would end the script element that the configuration sits in.
  const json = JSON.stringify(values).replaceAll('<', '\\u003c')
  return index
    .toString('utf8')
    .replace(/\{\{\s*\.BaseGuiPath\s*\}\}/g, () => attribute(config.baseGuiPath))
    .replace(/\{\{\s*\.\s*\}\}/g, () => json)
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}

const NO_GUI = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8" /><title>No GUI</title></head>
<body><p>This control plane serves no GUI. Its API is at the root of this address; a built kuma-gui can be served here
by naming its folder in the configuration.</p></body>
</html>
`
