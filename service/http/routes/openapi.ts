import type { FastifyInstance } from 'fastify'
import { JSON_TYPE } from '../answers/answers.ts'
import type { AppSettings } from '../settings.ts'
import type { Parts } from './parts.ts'

/**
 * Open to all, as it tells nothing secret; but neither over plain HTTP where HTTPS is asked for, or whoever is in
 * between could send a client's keys elsewhere, nor in maintenance, from which the protocol exempts only what it names.
 */
export function openApiRoutes(app: FastifyInstance, { settings }: Parts): void {
  let document: Promise<Buffer> | undefined

  app.get('/openapi.json', { config: { access: 'public' } }, async (_request, reply) => {
    document ??= documentBytes(settings)
    return reply.header('content-type', JSON_TYPE).send(await document)
  })
}

/** Loaded and put together for the first who asks: most buses are never asked. */
async function documentBytes(settings: AppSettings): Promise<Buffer> {
  const { openApiDocument } = await import('../openapi/document.ts')
  return Buffer.from(JSON.stringify(openApiDocument(settings)))
}
