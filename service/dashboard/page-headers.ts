import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'
import { STYLE_SOURCE } from './style.ts'

/**
 * What browsers are to refuse on a page of ours. In a scope of its own: helmet's hooks cost a few microseconds per request and
 * allocate a promise, which the page can afford and the hot JSON routes need not.
 */
export async function setPageHeaders(
  scope: FastifyInstance,
  { enforceHttps }: { enforceHttps: boolean },
): Promise<void> {
  await scope.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: [STYLE_SOURCE],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    // Only a server that insists on HTTPS may tell browsers to.
    strictTransportSecurity: enforceHttps ? { maxAge: 31_536_000, includeSubDomains: false } : false,
  })
}
