import type { FastifyRequest } from 'fastify'

/** Looks out for a proxy that the bus was not told of: everybody has its address then. */
export class ProxyWatch {
  readonly #trusted: number
  #seen = false

  /** @param trusted how many proxies the bus was told of */
  constructor(trusted: number) {
    this.#trusted = trusted
  }

  /** Whether a request came with X-Forwarded-For, and that was ignored. Anybody may send it: it is a hint. */
  get seen(): boolean {
    return this.#seen
  }

  look({ headers, log }: FastifyRequest): void {
    if (this.#seen || this.#trusted > 0 || headers['x-forwarded-for'] === undefined) return
    this.#seen = true
    log.warn('a request came with X-Forwarded-For, which is ignored: behind a proxy, set BUS_TRUST_PROXY')
  }
}
