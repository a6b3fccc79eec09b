import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { digestBytes } from '../digest.ts'
import type { KeyVault } from '../settings.ts'

const COOKIE = 'intent_bus_device'
const LIFE_S = 180 * 86_400
/** Its id, when it ends (unix seconds), and the signature of both. */
const DEVICE = /(?:^|;) *intent_bus_device=(([0-9a-f]{32})\.([0-9]{1,12}))\.([0-9a-f]{64})(?:;|$)/
/** Of a `User-Agent`; the rest tells no client from another. */
const AGENT_CHARS = 200

/**
 * Who sends credentials: the address, and what sets one client behind that address apart from the others. A browser that
 * logged in to the page brings a cookie, which nobody can guess; other clients are known by what they call themselves.
 */
export type Client = { address: string; agent: string; device: string | null }

/**
 * The cookies of browsers that logged in with the password. They are signed, so the bus knows them after a restart too; with
 * another password they are void.
 */
export class Devices {
  readonly #key: Buffer
  readonly #wallNow: () => number

  constructor(vault: Pick<KeyVault, 'derive'>, password: string | null, wallNow: () => number) {
    this.#key = vault.derive('intent-bus device cookie', digestBytes(password ?? ''))
    this.#wallNow = wallNow
  }

  clientOf({ ip, headers }: FastifyRequest): Client {
    return {
      address: ip,
      agent: (headers['user-agent'] ?? '').slice(0, AGENT_CHARS),
      device: headers.cookie === undefined ? null : this.#deviceIn(headers.cookie),
    }
  }

  /** Has the browser say, from now on, that it is the one that logged in. It opens nothing: see `limits/failed-logins.ts`. */
  mark({ protocol }: FastifyRequest, reply: FastifyReply): void {
    const ends = Math.floor(this.#wallNow() / 1000) + LIFE_S
    const signed = `${randomBytes(16).toString('hex')}.${ends}`
    const secure = protocol === 'https' ? '; Secure' : ''
    reply.header(
      'set-cookie',
      `${COOKIE}=${signed}.${this.#sign(signed).toString('hex')}; Path=/admin; Max-Age=${LIFE_S}; HttpOnly; SameSite=Strict${secure}`,
    )
  }

  #deviceIn(cookie: string): string | null {
    const [, signed = '', id = '', ends = '', signature = ''] = DEVICE.exec(cookie) ?? []
    if (id === '' || Number(ends) * 1000 <= this.#wallNow()) return null
    return timingSafeEqual(Buffer.from(signature, 'hex'), this.#sign(signed)) ? id : null
  }

  #sign(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest()
  }
}
