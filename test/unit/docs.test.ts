import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generatedPages } from '../support/generated-pages.js'

describe('generated pages', () => {
  test.each(generatedPages().map(({ path, text }) => [path, text]))('%s says what the code says', (path, text) => {
    expect(readFileSync(path, 'utf8')).toBe(text)
  })
})

describe('links between pages', () => {
  const pages = ['README.md', ...markdownIn('docs')].filter((path) => existsSync(path))

  test.each(pages)('every relative link of %s leads somewhere', (path) => {
    const links = [...readFileSync(path, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = '']) => link)
    const broken = links.filter((link) => !existsSync(join(dirname(path), link)))
    expect(broken).toEqual([])
  })
})

function markdownIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath, entry.name))
}
