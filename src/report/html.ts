/** A piece of HTML that is safe to put into a page. Only the `html` tag makes one. */
export interface Html {
  readonly html: string
}

export type HtmlValue = string | number | Html | undefined | readonly HtmlValue[]

/** HTML with everything that is put into it escaped, unless it is HTML itself; undefined leaves nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return { html: parts.reduce((text, part, index) => text + htmlOf(values[index - 1]) + part) }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function htmlOf(value: HtmlValue): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return value.replaceAll(/[&<>"']/g, (letter) => ESCAPES[letter] ?? letter)
  if (typeof value === 'number') return String(value)
  return 'html' in value ? value.html : value.map(htmlOf).join('')
}
