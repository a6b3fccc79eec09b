import type { FastifyInstance } from 'fastify'
import type { Parts } from './parts.ts'

export function rootRoutes(app: FastifyInstance, { settings }: Parts): void {
  app.get('/', { config: { access: 'open', quiet: true } }, (_request, reply) =>
    reply.header('content-type', 'text/plain; charset=utf-8').send(`Intent Bus ${settings.version}\n`),
  )
}
