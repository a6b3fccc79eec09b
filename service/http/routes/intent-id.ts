import type { FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'

const INTENT_ID = /^[0-9a-f]{32}$/

/** The id in the URL. What cannot be an id names no intent: 404, as for one that is gone. @throws {BusError} `not_found` */
export function intentId(request: FastifyRequest<{ Params: { id: string } }>): string {
  const { id } = request.params
  if (INTENT_ID.test(id)) return id
  throw new BusError('not_found', 'Intent not found.')
}
