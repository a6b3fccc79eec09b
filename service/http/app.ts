import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Backups } from '../backup/backups.ts'
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { setPageHeaders } from '../dashboard/page-headers.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { asBusError, handleErrors, sendError } from './answers/error-handler.ts'
import { requestId, setResponseHeaders } from './answers/response-headers.ts'
import { KeyRing } from './auth/keys.ts'
import { receiveBytes } from './bodies/receive.ts'
import { answerConnectionError } from './connections/connection-errors.ts'
import { ProxyWatch } from './connections/proxy-watch.ts'
import type { Endpoint } from './endpoints/endpoint.ts'
import { endpointsOf } from './endpoints/endpoints.ts'
import { serve } from './endpoints/serve.ts'
import type { Services } from './endpoints/services.ts'
import { guard } from './guard.ts'
import { Connections } from './limits/connections.ts'
import { LongPolls } from './limits/long-polls.ts'
import { boundPipelines } from './limits/pipelining.ts'
import { requestLimits } from './limits/request-limits.ts'
import { UnfinishedBodies } from './limits/unfinished-bodies.ts'
import { observeRequests } from './logging.ts'
import { MaintenanceMode } from './maintenance-mode.ts'
import type { AppSettings, KeyVault } from './settings.ts'

export type AppOptions = {
  settings: AppSettings
  broker: Broker
  vault: KeyVault
  /** `null`: the engine has a tool of its own for them. */
  backups?: Backups | null
  clock: Clock
  metrics: Metrics
  logger: FastifyBaseLogger
  /** Wall time in ms: clients sign with theirs, and bus time may be ahead of it. */
  wallNow?: () => number
  /** Gets the app before anything is registered: tests hold its answers against the definitions. */
  watch?: (app: FastifyInstance) => void
}

/** Puts the HTTP side together. The caller listens, drains the broker, and closes. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { settings, broker, vault, backups = null, clock, metrics, logger, wallNow = Date.now } = options
  const longPolls = new LongPolls(settings.maxLongPollsPerKey, metrics)
  const connections = new Connections(settings.connections, longPolls, metrics, line => logger.warn(line))
  const app = fastify(settings, logger, metrics, connections)
  options.watch?.(app)

  const unfinished = new UnfinishedBodies(settings.maxUnfinishedBodiesPerKey)
  receiveBytes(app, unfinished, (request, bytes) => limits.enterBody(request, bytes))
  observeRequests(app, metrics, connections)
  const keys = new KeyRing(settings.secret, vault, await broker.store.keys())
  const limits = await requestLimits(app, settings, clock, metrics)
  const maintenance = new MaintenanceMode(broker, settings.maintenance, await broker.store.maintenance())
  // It may have been left on long ago, or have come with a backup: who starts a bus that turns all away should read why.
  if (maintenance.on) {
    const cause =
      maintenance.state.by === 'variable' ? 'BUS_MAINTENANCE_MODE' : 'the switch of /admin/maintenance'
    logger.warn(`the bus is in maintenance mode, by ${cause}: all but admins are answered 503`)
  }
  const proxies = new ProxyWatch(settings.trustProxy)
  guard(app, { settings, broker, keys, vault, limits, maintenance, proxies, observer: metrics, wallNow })
  handleErrors(app, broker, limits, settings, metrics)
  metrics.watch({
    stats: () => broker.store.stats(),
    depths: (names, most) => broker.store.depths(names, most),
    queued: () => broker.queued,
    waitingClaims: () => broker.waiting,
    waitingByNamespace: () => broker.waitingByNamespace(),
    issuedKeys: () => keys.size,
    isInMaintenance: () => maintenance.on,
    damage: () => broker.store.damage,
    connections: () => connections.size,
    shortSecrets: settings.shortSecrets,
    now: () => broker.now(),
  })

  const endpoints = endpointsOf(settings)
  const services: Services = {
    settings,
    definitions: endpoints.map(({ definition }) => definition),
    broker,
    clock,
    keys,
    vault,
    backups,
    limits,
    longPolls,
    maintenance,
    proxies,
    metrics,
    wallNow,
  }
  const [pages, calls] = [endpoints.filter(isPage), endpoints.filter(each => !isPage(each))]
  for (const each of calls) serve(app, each, services)
  await app.register(async scope => {
    await setPageHeaders(scope, settings)
    for (const each of pages) serve(scope, each, services)
  })
  return app
}

const isPage = ({ definition }: Endpoint): boolean => definition.isPage === true

/** A client has this long to send its headers, and this long to send all of its request. */
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 30_000
/** How late Node notices that one of the two is over; its default is 30 s, which would more than double them. */
const LATE_CHECK_MS = 2_000
/** Between two looks for connections that have become idle while the bus stops. */
const LATE_IDLE_MS = 50
/** A socket on which nothing moves. Longer than the longest wait a client may ask for (60 s). */
const IDLE_TIMEOUT_MS = 120_000
/**
 * How long a connection may be idle. Longer than proxies keep theirs to us, so that it is never us who closes just as a
 * request comes in, which would be a 502 to the client: nginx 60 s; Traefik, cloudflared and Tailscale 90 s. (Caddy keeps
 * them 120 s; ops/server/Caddyfile says 60.)
 */
export const KEEP_ALIVE_MS = 100_000
/** KV keys are up to 256 characters, which the router counts in its own way; the routes have the last word. */
const LONGEST_PARAM = 8192

function fastify(
  settings: AppSettings,
  logger: FastifyBaseLogger,
  metrics: Metrics,
  connections: Connections,
): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    // A logger per request costs more than most requests; the lines carry the id themselves.
    childLoggerFactory: (parent: FastifyBaseLogger) => parent,
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false,
    genReqId: requestId,
    trustProxy:
      settings.trustProxy === 0 ? false : (_address: string, hop: number) => hop < settings.trustProxy,
    bodyLimit: settings.bodyLimitBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // A request without Host is refused by the guard, in the one error shape; Node's own refusal has no body.
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: LATE_CHECK_MS,
      requireHostHeader: false,
    },
    forceCloseConnections: 'idle',
    // The guard says so itself, in the one error shape.
    return503OnClosing: false,
    routerOptions: { maxParamLength: LONGEST_PARAM },
    clientErrorHandler: answerConnectionError,
    // No hook has run yet for a URL that cannot be decoded.
    frameworkErrors(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
      setResponseHeaders(request, reply)
      const refusal = asBusError(error, request)
      metrics.requestDone(request.method, 'unmatched', refusal.status, reply.elapsedTime)
      sendError(reply, refusal)
    },
  })
  // What else a client expects we may ignore (RFC 9110, 10.1.1); Node would answer 417 with nothing in it.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  boundPipelines(app.server, metrics)
  connections.watch(app.server)
  app.addHook('preClose', done => {
    connections.closeSilent()
    const slowUntil = performance.now() + settings.drainMs / 2
    // Those that are idle when the stop begins are closed then. One that was busy would stay open when it has its answer,
    // and hold up the stop for as long as its client likes.
    const again = setInterval(() => {
      // Not when the server says that it is closed: it does not count what another listener took for it.
      if (connections.size === 0 && !app.server.listening) return clearInterval(again)
      app.server.closeIdleConnections()
      // The rest of the time is for what comes after: backups, the last commits, the store.
      if (performance.now() >= slowUntil) connections.closeSlow()
    }, LATE_IDLE_MS)
    done()
  })
  return app
}
