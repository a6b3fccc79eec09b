import { object, string } from '../schemas/schema.ts'
import type { Terms } from './definition.ts'
import { type Endpoint, endpoint, textEndpoint } from './endpoint.ts'
import type { Services } from './services.ts'

/** Paths only: what is in front of the bus decides what it is called. */
const greeting = (version: string): string => `Intent Bus ${version}

/admin/dashboard  what it does now, for people
/openapi.json     what it can be asked, for programs
/health           whether it is well
`

export const aboutEndpoints = ({ version }: Terms): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/',
    id: 'getGreeting',
    tag: 'Health',
    summary: 'Say that this is an Intent Bus, and where to look',
    access: 'open',
    quiet: true,
    answers: {
      200: {
        description:
          'Its name and version in the first line, then the paths of the dashboard, of this document and of the health check.',
        media: 'text/plain',
        schema: string(),
        example: greeting(version),
      },
    },
  }).handledBy(
    ({ settings }) =>
      () =>
        greeting(settings.version),
  ),

  /**
   * Open to all, as it tells nothing secret; but neither over plain HTTP where HTTPS is asked for, or whoever is in
   * between could send a client's keys elsewhere, nor in maintenance, from which the protocol exempts only what it names.
   */
  textEndpoint({
    method: 'get',
    path: '/openapi.json',
    id: 'getOpenApi',
    tag: 'Health',
    summary: 'Get this document',
    description:
      'It tells nothing secret, so it needs no credentials. HTTPS and maintenance are asked for as usual.',
    access: 'public',
    answers: {
      200: {
        description: 'An OpenAPI 3.1 document.',
        schema: { ...object({ openapi: string({ pattern: '^3\\.1\\.' }) }), additionalProperties: true },
      },
    },
  }).handledBy(services => {
    let document: Promise<Buffer> | undefined
    return () => (document ??= documentBytes(services))
  }),
]

/** Loaded and put together for the first who asks: most buses are never asked. */
async function documentBytes({ settings, definitions }: Services): Promise<Buffer> {
  const { openApiDocument } = await import('../openapi/document.ts')
  return Buffer.from(JSON.stringify(openApiDocument(settings, definitions)))
}
