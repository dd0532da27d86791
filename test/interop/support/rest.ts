import { expect } from 'vitest'

export type Document = { readonly [key: string]: unknown } & { readonly type: string; readonly name: string }

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Generous answers from JSON of another's making: fields are looked up, and a wrong shape fails the test that looks. */
// biome-ignore lint/suspicious/noExplicitAny: a peer's JSON has the shape that its test asserts, none that a type could promise
export type Loose = any

/** A control plane's REST API, ours or a real one's. */
export class Rest {
  readonly url: string

  constructor(port: number, prefix = '') {
    this.url = `http://127.0.0.1:${port}${prefix}`
  }

  async send(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Answer> {
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...type, ...headers },
      redirect: 'manual',
      ...(body !== undefined && { body }),
    })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }

  /** Fails the test unless the answer is 200. */
  async get(path: string): Promise<Loose> {
    const { status, text } = await this.send('GET', path)
    expect(status, `GET ${path}: ${text}`).toBe(200)
    return JSON.parse(text)
  }

  async missing(path: string): Promise<void> {
    expect((await this.send('GET', path)).status, `GET ${path}`).toBe(404)
  }

  /** Items of a list whose display name is `name`: on another control plane the stored name carries a hash. */
  async byDisplayName(path: string, name: string): Promise<Loose> {
    const { items } = await this.get(`${path}?filter[labels.kuma.io/display-name]=${name}&size=1000`)
    expect(items, `${name} in ${path}`).toHaveLength(1)
    return items[0]
  }

  /** Names as their authors gave them, sorted. */
  async names(path: string): Promise<string[]> {
    const { items } = await this.get(`${path}?size=1000`)
    return items.map((item: Loose) => item.labels?.['kuma.io/display-name'] ?? item.name).sort()
  }

  async put(path: string, document: Document): Promise<void> {
    const { status, text } = await this.send('PUT', `${path}/${document.name}`, JSON.stringify(document))
    expect([200, 201], `PUT ${path}/${document.name}: ${text}`).toContain(status)
  }

  async delete(path: string): Promise<void> {
    const { status, text } = await this.send('DELETE', path)
    expect(status, `DELETE ${path}: ${text}`).toBe(200)
  }
}
