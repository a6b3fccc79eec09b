import type { FastifyInstance } from 'fastify'
import type { Metrics } from './metrics/metrics.ts'

/** Where secrets stand in what Fastify and we log. For `pino({ redact })`. */
export const REDACTED_PATHS: readonly string[] = [
  'x-api-key',
  'authorization',
  'x-admin-token',
  'x-signature',
  'cookie',
].flatMap(name => [`headers["${name}"]`, `req.headers["${name}"]`, `*.headers["${name}"]`])

const UNMATCHED = 'unmatched'

/** One line and one measurement per request, when its answer is out. Routine silence (empty claims, health) goes to `debug`. */
export function observeRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request
    const { statusCode: status, elapsedTime: ms } = reply
    const { url: route = UNMATCHED, config } = request.routeOptions
    metrics.requestDone(method, route, status, ms)
    const dull = config?.quiet === true || status === 204
    const level = status >= 500 ? 'warn' : dull ? 'debug' : 'info'
    request.log[level](
      { reqId: request.id, method, route, status, ms: Math.round(ms * 100) / 100 },
      'request',
    )
    done()
  })
}
