import type { FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'

const INTENT_ID = /^[0-9a-f]{32}$/

/** What cannot be an id names no intent: 404, as for one that is gone. @throws {BusError} `not_found` */
export function idOf(sent: unknown): string {
  if (typeof sent === 'string' && INTENT_ID.test(sent)) return sent
  throw new BusError('not_found', 'Intent not found.')
}

/** The id in the URL. @throws {BusError} `not_found` */
export const intentId = (request: FastifyRequest<{ Params: { id: string } }>): string =>
  idOf(request.params.id)
