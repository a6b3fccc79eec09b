import type { AuditEntry } from '../../store/records.ts'
import { AUDIT_ACTIONS, CREDENTIALS } from '../../store/records.ts'
import { seconds } from '../answers/answers.ts'
import { limit, meaning, numberInQuery, wholeInQuery } from '../schemas/fields.ts'
import {
  anything,
  integer,
  list,
  named,
  object,
  oneOf,
  optional,
  orNull,
  type Schema,
  string,
  type TypeOf,
} from '../schemas/schema.ts'
import { instant } from '../schemas/shapes.ts'
import { EXAMPLE, type Terms } from './definition.ts'
import { type Endpoint, endpoint } from './endpoint.ts'

const PATH = '/admin/audit'
const SHOWN = 100

const AuditQuery = object({
  after: meaning(
    'What came after this entry.',
    wholeInQuery({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'the sequence of an entry, a whole number from 0 up',
    }),
  ),
  since: meaning(
    'What was done from then on.',
    numberInQuery({ minimum: 0, maximum: 1e11, description: 'unix time in seconds' }),
  ),
  action: meaning(
    'Only this.',
    optional(oneOf(AUDIT_ACTIONS, { description: `one of ${AUDIT_ACTIONS.join(', ')}` })),
  ),
  limit: meaning('How many; 100 unless it is said.', limit()),
})

const entry = object({
  sequence: integer(),
  at: instant(),
  action: oneOf(AUDIT_ACTIONS),
  subject: orNull(string({ description: 'the id of a key or an intent, or a namespace' })),
  credential: oneOf(CREDENTIALS, {
    description: 'the secret that let them in; api_key: a publisher, with an intent of its own',
  }),
  via: oneOf(['api', 'dashboard']),
  address: string(),
  detail: anything({ type: 'object', description: 'in the names of this API' }) as Schema<
    Readonly<Record<string, unknown>>
  >,
  request_id: string(),
})
const AuditAnswer = named('AuditAnswer', object({ entries: list(entry) }))

/** What admins did, oldest first: the newest page of it, or what came after an entry or a time. */
export const auditEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    method: 'get',
    path: PATH,
    id: 'listAudit',
    tag: 'Admin',
    summary: 'See what admins did',
    description:
      'Oldest first. With neither `after` nor `since`: the newest. Nothing takes an entry away, a purge neither.',
    access: 'admin',
    quiet: true,
    query: AuditQuery,
    answers: {
      200: {
        description: 'Entries, and with `after` or `since` perhaps a next page.',
        schema: AuditAnswer,
        headers: ['Link'],
        example: {
          entries: [
            {
              sequence: 7,
              at: EXAMPLE.at,
              action: 'intent_cancelled',
              subject: EXAMPLE.id,
              detail: { namespace: 'default' },
              credential: 'admin_token',
              via: 'api',
              address: '192.0.2.7',
              request_id: 'a1b2c3',
            },
          ],
        },
      },
    },
  }).handledBy(
    ({ broker }) =>
      async ({ reply, query: { after = null, since, action = null, limit = SHOWN } }) => {
        const sinceMs = since === undefined ? null : Math.ceil(since * 1000)
        const entries = await broker.store.audit({ after, since: sinceMs, action, limit })
        if ((after !== null || since !== undefined) && entries.length === limit) {
          const onward = new URLSearchParams({ after: `${entries.at(-1)!.sequence}`, limit: `${limit}` })
          if (action !== null) onward.set('action', action)
          reply.header('link', `<${PATH}?${onward}>; rel="next"`)
        }
        return { entries: entries.map(entryOf) }
      },
  ),
]

function entryOf({ at, requestId, ...rest }: AuditEntry): TypeOf<typeof entry> {
  return { ...rest, at: seconds(at), request_id: requestId }
}
