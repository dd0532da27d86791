import { AppError } from '../../base/errors.js'

/**
 * Addresses of one /8, handed out in order and never again while the process lives: a client that still holds the
 * address of a deleted service must not reach another one (kuma `pkg/core/resources/apis/core/vip`).
 */
export class VipPool {
  readonly #firstOctet: number
  #next = 0

  constructor(firstOctet: number) {
    this.#firstOctet = firstOctet
  }

  /** An address found in a stored status: what is handed out later comes after it. Others' ranges are left alone. */
  reserve(ip: string): void {
    const octets = ip.split('.').map(Number)
    if (octets.length !== 4 || octets[0] !== this.#firstOctet) return
    const [, a = 0, b = 0, c = 0] = octets
    this.#next = Math.max(this.#next, a * 65_536 + b * 256 + c + 1)
  }

  /** Throws `overloaded` after 16 million. */
  allocate(): string {
    if (this.#next >= 2 ** 24) throw new AppError('overloaded', `no address is left in ${this.#firstOctet}.0.0.0/8`)
    const host = this.#next
    this.#next += 1
    return `${this.#firstOctet}.${host >> 16}.${(host >> 8) & 255}.${host & 255}`
  }
}
