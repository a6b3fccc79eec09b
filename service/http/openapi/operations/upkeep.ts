import { AuditQuery, MaintenanceBody, PurgeBody } from '../../schemas/requests.ts'
import {
  AuditAnswer,
  CleanupAnswer,
  MaintenanceAnswer,
  OverviewAnswer,
  PurgedAnswer,
} from '../../schemas/responses.ts'
import { EXAMPLE, named, type Operation, type Terms } from '../operation.ts'
import { bodyOf, queryOf } from '../wire.ts'

const IN_MAINTENANCE = { on: true, by: 'switch', since: EXAMPLE.at, note: 'new disk' }

export const upkeepOperations = (_terms: Terms): Operation[] => [
  {
    tag: 'Admin',
    access: 'admin',
    method: 'get',
    path: '/admin/overview',
    id: 'getOverview',
    summary: 'See the bus at a glance',
    description: 'All of it is kept and nothing is counted for it: it may be asked every second.',
    answers: {
      200: { description: 'How it is, and what it did since it was started.', schema: OverviewAnswer },
    },
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/purge',
    id: 'purge',
    summary: 'Delete for good',
    description:
      'With a `namespace`: its intents and dead letters. **Without: all intents and stored values**, with the limits, idempotency keys and nonces. Intents that cannot be read, because a page of the database is damaged, stay.',
    reads: [PurgeBody],
    body: {
      schema: named(
        'PurgeBody',
        bodyOf(PurgeBody, { confirm: 'That you mean it.', namespace: 'Only this one.' }),
      ),
      example: { confirm: true, namespace: 'scratch' },
    },
    answers: {
      200: {
        description: 'How many intents went.',
        schema: PurgedAnswer,
        example: { ok: true, deleted: 12 },
      },
    },
    errors: ['invalid_payload', 'invalid_namespace', 'confirmation_required'],
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/cleanup',
    id: 'cleanUp',
    summary: 'Do now what is done from time to time anyway',
    answers: { 200: { description: 'How many of each kind were handled.', schema: CleanupAnswer } },
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'get',
    path: '/admin/maintenance',
    id: 'getMaintenance',
    summary: 'Ask whether there is maintenance',
    answers: {
      200: {
        description: 'Whether, since when, and whether a variable or the switch says so.',
        schema: MaintenanceAnswer,
        example: IN_MAINTENANCE,
      },
    },
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/maintenance',
    id: 'setMaintenance',
    summary: 'Begin maintenance, or end it',
    description:
      'While it is on, all but admins, metrics and health checks are answered 503. Whoever waits in a long poll is answered when it begins. It outlives a restart. Where the variable has it on, the switch is a 400.',
    reads: [MaintenanceBody],
    body: {
      schema: named(
        'MaintenanceBody',
        bodyOf(MaintenanceBody, { on: 'Which of the two.', note: 'For other admins.' }),
      ),
      example: { on: true, note: 'new disk' },
    },
    answers: {
      200: { description: 'How it is now.', schema: MaintenanceAnswer, example: IN_MAINTENANCE },
    },
    errors: ['invalid_payload'],
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'get',
    path: '/admin/audit',
    id: 'listAudit',
    summary: 'See what admins did',
    description:
      'Oldest first. With neither `after` nor `since`: the newest. Nothing takes an entry away, a purge neither.',
    reads: [AuditQuery],
    parameters: queryOf(AuditQuery, {
      after: 'What came after this entry.',
      since: 'What was done from then on.',
      action: 'Only this.',
      limit: 'How many; 100 unless it is said.',
    }),
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
  },
]
