export type XmlChild = string | Xml

/** An element of a document; `xmlDocument` writes it. */
export interface Xml {
  readonly name: string
  /** Undefined ones are left out. */
  readonly attributes: Readonly<Record<string, string | number | undefined>>
  readonly children: readonly XmlChild[]
}

export function element(name: string, attributes: Xml['attributes'], ...children: readonly XmlChild[]): Xml {
  return { name, attributes, children }
}

export function xmlDocument(root: Xml): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${written(root, '')}`
}

/** Text stands where it is, without indentation of ours around it; elements get a line each. */
function written({ name, attributes, children }: Xml, indent: string): string {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined)
  const head = [name, ...given.map(([key, value]) => `${key}="${attributeText(String(value))}"`)].join(' ')
  if (children.length === 0) return `${indent}<${head}/>\n`
  const texts = children.filter((child) => typeof child === 'string')
  if (texts.length === children.length) return `${indent}<${head}>${texts.map(escaped).join('')}</${name}>\n`
  const inner = children.map((child) => (typeof child === 'string' ? escaped(child) : written(child, `${indent}  `)))
  return `${indent}<${head}>\n${inner.join('')}${indent}</${name}>\n`
}

/** What XML 1.0 has no way to write (§2.2): most control characters, lone surrogates, two non-characters. */
const UNWRITABLE = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

function escaped(text: string): string {
  return text.replaceAll(UNWRITABLE, '\uFFFD').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** A reader turns white space in an attribute into spaces unless it is written as a reference (§3.3.3). */
function attributeText(text: string): string {
  return escaped(text)
    .replaceAll('"', '&quot;')
    .replaceAll(/[\t\n\r]/g, (space) => `&#${space.charCodeAt(0)};`)
}
