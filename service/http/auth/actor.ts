import type { FastifyRequest } from 'fastify'
import type { Actor } from '../../store/records.ts'

/** Below it are the page's buttons. */
const DASHBOARD = '/admin/dashboard/'

/** For the audit trail: what is known of whoever sent a request that an admin's credentials let in. */
export function actorOf(request: FastifyRequest): Actor {
  return {
    credential: adminCredential(request),
    via: request.raw.url?.startsWith(DASHBOARD) ? 'dashboard' : 'api',
    address: request.ip,
    requestId: request.id,
  }
}

/** The same of a publisher, who came with an API key. */
export const publisherActor = (request: FastifyRequest): Actor => ({
  credential: 'api_key',
  via: 'api',
  address: request.ip,
  requestId: request.id,
})

/** Which of the two it was. The token is looked at first, as the door does. */
export const adminCredential = ({
  headers,
}: Pick<FastifyRequest, 'headers'>): Exclude<Actor['credential'], 'api_key'> =>
  headers['x-admin-token'] === undefined ? 'password' : 'admin_token'
