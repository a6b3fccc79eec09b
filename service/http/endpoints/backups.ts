import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { FastifyRequest } from 'fastify'
import type { Backup, Backups } from '../../backup/backups.ts'
import { BusError } from '../../errors.ts'
import type { AuditEntry } from '../../store/records.ts'
import { seconds } from '../answers/answers.ts'
import { actorOf } from '../auth/actor.ts'
import { meaning, wait } from '../schemas/fields.ts'
import {
  boolean,
  exactly,
  integer,
  list,
  named,
  number,
  object,
  orNull,
  string,
  type TypeOf,
} from '../schemas/schema.ts'
import { depthFields, instant } from '../schemas/shapes.ts'
import type { Terms } from './definition.ts'
import { type Endpoint, endpoint, SENT } from './endpoint.ts'
import type { Services } from './services.ts'

/** The longest that any call waits: proxies give up on what is silent for longer. */
const WAIT_S = 60

const BackupQuery = object({ wait: meaning('How long to wait for it; left out, 60.', wait()) })

const BackupParams = object({
  name: string({
    pattern: '^bus-[0-9]{8}T[0-9]{6}Z(?:-[0-9]{1,2})?\\.db\\.zst(?:\\.age)?$',
    description: 'the name of a backup, as the list has it',
    'x-meaning': 'Which.',
    'x-example': 'bus-20261124T170102Z.db.zst',
    'x-error': 'not_found',
  }),
})

const backupFields = {
  name: string(),
  bytes: integer(),
  encrypted: boolean(),
  taken_at: instant(),
}

const BackupAnswer = named(
  'BackupAnswer',
  object({
    ok: exactly(true),
    ...backupFields,
    sha256: string({ description: 'of the file, in hex' }),
    duration_seconds: number(),
    schema: integer(),
    intents: object(depthFields),
    issued_keys: integer(),
    values: integer(),
    uploaded: orNull({ ...boolean(), description: 'null: there is no bucket' }),
  }),
)

const BackupRunningAnswer = named(
  'BackupRunningAnswer',
  object({ ok: exactly(true), running_since: instant() }),
)

const BackupsAnswer = named(
  'BackupsAnswer',
  object({
    backups: list(
      object({
        ...backupFields,
        age_seconds: number(),
        sha256: orNull(string({ description: 'null: there is none beside it' })),
      }),
    ),
    running_since: orNull(number({ description: 'unix time in seconds; null: none is being made' })),
    last_failure: orNull(object({ at: instant(), message: string() })),
  }),
)

/** Copies of the whole database: make one, see which there are, fetch one. */
export const backupEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    method: 'post',
    path: '/admin/backup',
    id: 'makeBackup',
    tag: 'Admin',
    summary: 'Make a backup',
    description:
      'What was acknowledged before this is in it. It is read to its end and counted before it gets its name. One at a time.',
    access: 'admin',
    query: BackupQuery,
    answers: {
      201: { description: 'It is made, verified and on disk.', schema: BackupAnswer },
      202: {
        description: 'It is under way still, and goes on: the list tells how it ends.',
        schema: BackupRunningAnswer,
      },
    },
    errors: ['backup_running', 'backup_failed', 'not_supported', 'draining'],
  }).handledBy(services => async ({ request, reply, query: { wait = WAIT_S } }) => {
    const { clock, wallNow } = services
    const from = available(services)
    const startedAt = wallNow()
    const made = from.make()
    made.then(
      ({ name, bytes, encrypted }) => noted(services, request, 'backup_made', name, { bytes, encrypted }),
      () => undefined,
    )
    const patience = Promise.withResolvers<null>()
    if (wait === 0) patience.resolve(null)
    const callOff = clock.after(wait * 1000, () => patience.resolve(null))
    void from.drained.then(() => patience.resolve(null))
    const backup = await Promise.race([made, patience.promise]).finally(callOff)
    if (backup !== null) return detailsOf(backup)
    // How it ends is in the log and in the list.
    made.catch(() => undefined)
    reply.code(202)
    return { ok: true, running_since: seconds(startedAt) }
  }),

  endpoint({
    method: 'get',
    path: '/admin/backups',
    id: 'listBackups',
    tag: 'Admin',
    summary: 'List the backups that lie there',
    access: 'admin',
    answers: { 200: { description: 'The newest first.', schema: BackupsAnswer } },
    errors: ['backup_failed', 'not_supported'],
  }).handledBy(services => () => {
    const from = available(services)
    const now = services.wallNow()
    const failure = from.lastFailure
    return {
      backups: from.list().map(({ name, bytes, encrypted, at, sha256 }) => ({
        name,
        bytes,
        encrypted,
        taken_at: seconds(at),
        age_seconds: seconds(Math.max(0, now - at)),
        sha256,
      })),
      running_since: from.runningSince === null ? null : seconds(from.runningSince),
      last_failure: failure && { at: seconds(failure.at), message: failure.message },
    }
  }),

  endpoint({
    method: 'get',
    path: '/admin/backups/:name',
    id: 'getBackup',
    tag: 'Admin',
    summary: 'Download a backup',
    access: 'admin',
    params: BackupParams,
    answers: {
      200: {
        description: 'The file as it lies there.',
        media: 'application/octet-stream',
        schema: string({ format: 'binary' }),
      },
    },
    errors: ['not_found', 'backup_failed', 'not_supported'],
  }).handledBy(services => async ({ request, reply, params: { name } }) => {
    const from = available(services)
    const found = from.list().find(backup => backup.name === name)
    if (found === undefined) throw new BusError('not_found', 'There is no backup of that name.')
    await noted(services, request, 'backup_fetched', name, {})
    reply
      .header('content-type', 'application/octet-stream')
      .header('content-length', found.bytes)
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(createReadStream(join(from.directory, name)))
    return SENT
  }),
]

/** A disk that is full is no reason to have no backup, so the trail may lack this; the log has it then. */
async function noted(
  { broker }: Services,
  request: FastifyRequest,
  action: 'backup_made' | 'backup_fetched',
  name: string,
  detail: AuditEntry['detail'],
): Promise<void> {
  await broker
    .record(action, name, detail, actorOf(request))
    .catch(err => request.log.error({ err, action, name }, 'the audit trail could not be written'))
}

function available({ backups, broker }: Services): Backups {
  if (backups !== null) return backups
  const { copySource } = broker.store
  const tool = 'tool' in copySource ? copySource.tool : 'the tools of its database'
  throw new BusError(
    'not_supported',
    `This bus does not back itself up: its database is for ${tool} to copy.`,
  )
}

function detailsOf({ contents, ...made }: Backup): TypeOf<typeof BackupAnswer> {
  return {
    ok: true,
    name: made.name,
    bytes: made.bytes,
    encrypted: made.encrypted,
    taken_at: seconds(made.at),
    sha256: made.sha256,
    duration_seconds: seconds(Math.round(made.durationMs)),
    schema: contents.schema,
    intents: contents.intents,
    issued_keys: contents.apiKeys,
    values: contents.values,
    uploaded: made.uploaded,
  }
}
