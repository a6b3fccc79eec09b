import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Metrics } from '../metrics/metrics.ts'
import type { Connections } from './limits/connections.ts'

const UNMATCHED = 'unmatched'
const INTENT_ID = /^[0-9a-f]{32}$/

/**
 * One measurement and one line per request, when its answer is out. What a worker does all day stays below `info`: a
 * line costs 5 us, and at 1000 requests a second the log would grow by 10 GB a day.
 */
export function observeRequests(app: FastifyInstance, metrics: Metrics, connections: Connections): void {
  const sampled = refusalSampler()
  app.addHook('onResponse', (request, reply, done) => {
    connections.answered(request.raw.socket)
    const { method } = request
    const { statusCode: status, elapsedTime: ms } = reply
    const { url: route = UNMATCHED, config } = request.routeOptions
    // How long a wait took is the client's wish; in the same series it would hide how fast the others are.
    metrics.requestDone(method, request.waits ? `${route}?wait` : route, status, ms)
    const level = sampled(levelOf(method, route, status, config), status)
    if (isWritten(request, level)) {
      const line = { reqId: request.id, method, route, status, ms: Math.round(ms * 100) / 100 }
      request.log[level]({ ...line, ...particulars(request, status) }, 'request')
    }
    done()
  })
}

type Level = 'debug' | 'info' | 'warn'

/** Refusals written at `info` in one second; whoever is refused could fill the disk with them otherwise. */
const MOST_REFUSALS = 20

/** Lets so many refusals a second through, and the rest be `debug`; the metrics count them all. */
function refusalSampler(): (level: Level, status: number) => Level {
  let second = 0
  let written = 0
  return (level, status) => {
    if (level !== 'info' || status < 400) return level
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) written = 0
    second = now
    written += 1
    return written > MOST_REFUSALS ? 'debug' : level
  }
}

function levelOf(
  method: string,
  route: string,
  status: number,
  config: { quiet?: boolean; access?: string } | undefined,
): Level {
  // A probe that finds the bus not ready is 503 as well; that line is written when it changes, not at each probe.
  if (config?.quiet === true && (status < 400 || status === 503)) return 'debug'
  if (status >= 500) return 'warn'
  const reads = method === 'GET' || method === 'HEAD'
  if (status >= 400) return status === 404 && reads && route !== UNMATCHED ? 'debug' : 'info'
  return config?.access === 'admin' && !reads ? 'info' : 'debug'
}

/** Every logger of ours can say so; Fastify's type of a logger leaves it out. */
function isWritten({ log }: FastifyRequest, level: Level): boolean {
  return (log as { isLevelEnabled?(level: string): boolean }).isLevelEnabled?.(level) ?? true
}

/** Which intent it was about; where a refused request came from. Never the URL: a query or a key's name may be secret. */
function particulars(request: FastifyRequest, status: number): { intent?: string; ip?: string } {
  const { id } = request.params as { id?: string }
  return {
    ...(id !== undefined && INTENT_ID.test(id) ? { intent: id } : {}),
    ...(status >= 400 ? { ip: request.ip } : {}),
  }
}
