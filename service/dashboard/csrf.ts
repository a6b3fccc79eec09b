import { createHmac, timingSafeEqual } from 'node:crypto'

/** How long a page's buttons work. */
const FORM_TTL_MS = 12 * 3_600_000

/**
 * A browser sends Basic credentials along with every request to the site, forged ones included. A form therefore carries
 * a token that only a page we served can hold, bound to the one thing it does.
 */
export class FormTokens {
  readonly #key: Buffer

  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('dashboard forms').digest()
  }

  /** @param purpose what the form does, e.g. `retry 0193…` */
  issue(purpose: string, now: number): string {
    return `${now}.${this.#mac(purpose, now).toString('base64url')}`
  }

  accepts(token: string, purpose: string, now: number): boolean {
    const [stamp = '', mac = ''] = token.split('.')
    const issuedAt = Number(stamp)
    if (!/^\d{1,15}$/.test(stamp) || issuedAt > now || now - issuedAt > FORM_TTL_MS) return false
    const offered = Buffer.from(mac, 'base64url')
    const expected = this.#mac(purpose, issuedAt)
    return offered.length === expected.length && timingSafeEqual(offered, expected)
  }

  #mac(purpose: string, issuedAt: number): Buffer {
    return createHmac('sha256', this.#key).update(`${issuedAt}\n${purpose}`).digest()
  }
}
