import type { FastifyInstance } from 'fastify'
import type { AuditEntry } from '../../store/records.ts'
import { seconds, sendJson } from '../answers/answers.ts'
import { reader } from '../bodies/read.ts'
import { AuditQuery } from '../schemas/requests.ts'
import type { AuditAnswer } from '../schemas/responses.ts'
import type { Parts } from './parts.ts'

const PATH = '/admin/audit'
const SHOWN = 100

const readQuery = reader(AuditQuery)

/** What admins did, oldest first: the newest page of it, or what came after an entry or a time. */
export function auditRoutes(app: FastifyInstance, { broker }: Parts): void {
  app.get(PATH, { config: { access: 'admin', quiet: true } }, async (request, reply) => {
    const {
      after = null,
      since,
      action = null,
      limit = SHOWN,
    } = readQuery(request.query as Record<string, unknown>)
    const sinceMs = since === undefined ? null : Math.ceil(since * 1000)
    const entries = await broker.store.audit({ after, since: sinceMs, action, limit })
    if ((after !== null || since !== undefined) && entries.length === limit) {
      const onward = new URLSearchParams({ after: `${entries.at(-1)!.sequence}`, limit: `${limit}` })
      if (action !== null) onward.set('action', action)
      reply.header('link', `<${PATH}?${onward}>; rel="next"`)
    }
    return sendJson(reply, JSON.stringify({ entries: entries.map(entryOf) }))
  })
}

function entryOf({ at, requestId, ...entry }: AuditEntry): AuditAnswer['entries'][number] {
  const { sequence, ...rest } = entry
  return { sequence, at: seconds(at), ...rest, request_id: requestId }
}
