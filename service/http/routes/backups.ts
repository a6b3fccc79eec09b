import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Backup, Backups } from '../../backup/backups.ts'
import { BusError } from '../../errors.ts'
import type { AuditEntry } from '../../store/records.ts'
import { seconds, sendJson } from '../answers/answers.ts'
import { actorOf } from '../auth/actor.ts'
import { reader } from '../bodies/read.ts'
import { BackupParams, BackupQuery } from '../schemas/requests.ts'
import type { BackupAnswer, BackupsAnswer } from '../schemas/responses.ts'
import type { Parts } from './parts.ts'

type Name = { Params: { name: string } }
const ADMIN = { config: { access: 'admin' } } as const

/** The longest that any call waits: proxies give up on what is silent for longer. */
const WAIT_S = 60

const readQuery = reader(BackupQuery)
const readParams = reader(BackupParams)

/** Copies of the whole database: make one, see which there are, fetch one. */
export function backupRoutes(app: FastifyInstance, { broker, backups, clock, wallNow }: Parts): void {
  app.post('/admin/backup', ADMIN, async (request, reply) => {
    const { wait = WAIT_S } = readQuery(request.query as Record<string, unknown>)
    const from = available()
    const startedAt = wallNow()
    const made = from.make()
    made.then(
      ({ name, bytes, encrypted }) => noted(request, 'backup_made', name, { bytes, encrypted }),
      () => undefined,
    )
    const patience = Promise.withResolvers<null>()
    if (wait === 0) patience.resolve(null)
    const callOff = clock.after(wait * 1000, () => patience.resolve(null))
    void from.drained.then(() => patience.resolve(null))
    const backup = await Promise.race([made, patience.promise]).finally(callOff)
    if (backup !== null) return sendJson(reply.code(201), JSON.stringify(answerOf(backup)))
    // How it ends is in the log and in the list.
    made.catch(() => undefined)
    return sendJson(reply.code(202), JSON.stringify({ ok: true, running_since: seconds(startedAt) }))
  })

  app.get('/admin/backups', ADMIN, async (_request, reply) => {
    const from = available()
    const now = wallNow()
    const failure = from.lastFailure
    const answer: BackupsAnswer = {
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
    return sendJson(reply, JSON.stringify(answer))
  })

  app.get<Name>('/admin/backups/:name', ADMIN, async (request, reply) => {
    const from = available()
    const { name } = readParams(request.params)
    const found = from.list().find(backup => backup.name === name)
    if (found === undefined) throw new BusError('not_found', 'There is no backup of that name.')
    await noted(request, 'backup_fetched', name, {})
    return reply
      .header('content-type', 'application/octet-stream')
      .header('content-length', found.bytes)
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(createReadStream(join(from.directory, name)))
  })

  /** A disk that is full is no reason to have no backup, so the trail may lack this; the log has it then. */
  async function noted(
    request: FastifyRequest,
    action: 'backup_made' | 'backup_fetched',
    name: string,
    detail: AuditEntry['detail'],
  ): Promise<void> {
    await broker
      .record(action, name, detail, actorOf(request))
      .catch(err => request.log.error({ err, action, name }, 'the audit trail could not be written'))
  }

  function available(): Backups {
    if (backups !== null) return backups
    const { copySource } = broker.store
    const tool = 'tool' in copySource ? copySource.tool : 'the tools of its database'
    throw new BusError(
      'not_supported',
      `This bus does not back itself up: its database is for ${tool} to copy.`,
    )
  }
}

function answerOf({ contents, ...made }: Backup): BackupAnswer {
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
