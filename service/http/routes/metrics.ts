import type { FastifyInstance } from 'fastify'
import type { Parts } from './parts.ts'

export function metricsRoutes(app: FastifyInstance, { metrics }: Parts): void {
  app.get('/metrics', { config: { access: 'metrics', quiet: true } }, async (_request, reply) => {
    const text = await metrics.text()
    return reply.header('content-type', metrics.contentType).send(text)
  })
}
