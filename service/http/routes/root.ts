import type { FastifyInstance } from 'fastify'
import type { Parts } from './parts.ts'

/** Paths only: what is in front of the bus decides what it is called. */
export const greeting = (version: string): string => `Intent Bus ${version}

/admin/dashboard  what it does now, for people
/openapi.json     what it can be asked, for programs
/health           whether it is well
`

export function rootRoutes(app: FastifyInstance, { settings }: Parts): void {
  app.get('/', { config: { access: 'open', quiet: true } }, (_request, reply) =>
    reply.header('content-type', 'text/plain; charset=utf-8').send(greeting(settings.version)),
  )
}
