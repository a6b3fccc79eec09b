import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

const COOKIE = 'intent_bus_device'
const LIFE_S = 180 * 86_400
/** As {@link newDevice} makes them. */
const DEVICE = /(?:^|;) *intent_bus_device=([0-9a-f]{32})(?:;|$)/
/** Of a `User-Agent`; the rest tells no client from another. */
const AGENT_CHARS = 200

/**
 * Who sends credentials: the address, and what sets one client behind that address apart from the others. A browser that
 * logged in to the page brings the cookie of {@link markDevice}, which nobody can guess; other clients are known by what they
 * call themselves.
 */
export type Client = { address: string; agent: string; device: string | null }

export const clientOf = ({ ip, headers }: FastifyRequest): Client => ({
  address: ip,
  agent: (headers['user-agent'] ?? '').slice(0, AGENT_CHARS),
  device: DEVICE.exec(headers.cookie ?? '')?.[1] ?? null,
})

export const newDevice = (): string => randomBytes(16).toString('hex')

/** Has the browser say, from now on, that it is the one that logged in. It opens nothing: see `limits/failed-logins.ts`. */
export function markDevice(device: string, { protocol }: FastifyRequest, reply: FastifyReply): void {
  const secure = protocol === 'https' ? '; Secure' : ''
  reply.header(
    'set-cookie',
    `${COOKIE}=${device}; Path=/admin; Max-Age=${LIFE_S}; HttpOnly; SameSite=Strict${secure}`,
  )
}
