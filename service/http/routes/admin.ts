import type { FastifyInstance } from 'fastify'
import { BusError } from '../../errors.ts'
import { wireState } from '../../intent/lifecycle.ts'
import type { Moved } from '../../store/store.ts'
import { adminIntentText, deadLetterOf, deadLetterText, sendJson } from '../answers.ts'
import { hashOf, newApiKey, shownPrefix } from '../auth/keys.ts'
import { jsonBody } from '../body.ts'
import { reader } from '../read.ts'
import { GenerateKeyBody, PurgeBody, RevokeKeyBody } from '../schemas/requests.ts'
import { intentId } from './intent-id.ts'
import type { Parts } from './parts.ts'

type Id = { Params: { id: string } }
const ADMIN = { config: { access: 'admin' } } as const

const DEAD_LETTERS_SHOWN = 100

const readGenerateKey = reader(GenerateKeyBody)
const readRevokeKey = reader(RevokeKeyBody)
const readPurge = reader(PurgeBody)

export function adminRoutes(app: FastifyInstance, { broker, keys, vault, limits }: Parts): void {
  app.post('/admin/generate_key', ADMIN, async (request, reply) => {
    const { owner } = readGenerateKey(jsonBody(request).fields)
    const apiKey = newApiKey()
    const record = await broker.createKey({
      hash: hashOf(apiKey),
      sealed: vault.seal(apiKey),
      prefix: shownPrefix(apiKey),
      owner,
    })
    keys.add(record)
    return sendJson(reply.code(201), JSON.stringify({ api_key: apiKey, owner }))
  })

  app.post('/admin/revoke_key', ADMIN, async (request, reply) => {
    const keyHash = hashOf(readRevokeKey(jsonBody(request).fields).api_key)
    const gone = await broker.revokeKey(keyHash)
    keys.remove(keyHash)
    if (gone !== null) limits.forget(gone.id)
    const open = gone === null ? {} : { open_intents: gone.unsettled }
    return sendJson(reply, JSON.stringify({ ok: true, revoked: gone !== null, ...open }))
  })

  app.post('/admin/purge', ADMIN, async (request, reply) => {
    const { fields } = jsonBody(request)
    if (fields['confirm'] !== true) {
      throw new BusError('confirmation_required', 'A purge deletes for good: send "confirm": true.')
    }
    const namespace = readPurge(fields).namespace ?? null
    const deleted = await broker.purge(namespace)
    if (namespace === null) limits.clear()
    return sendJson(reply, JSON.stringify({ ok: true, deleted }))
  })

  app.post('/admin/cleanup', ADMIN, async (_request, reply) => {
    const counts = await broker.cleanup()
    return sendJson(reply, JSON.stringify({ ok: true, ...counts, rate_limits_deleted: limits.prune() }))
  })

  app.get<Id>('/admin/intents/:id', ADMIN, async (request, reply) => {
    const id = intentId(request)
    const intent = await broker.store.intent(id)
    if (intent === null) throw new BusError('not_found', 'Intent not found.')
    const [payload, result] = await Promise.all([broker.store.payload(id), broker.store.result(id)])
    return sendJson(reply, adminIntentText(intent, keys.nameOf(intent.route.publisher), payload, result))
  })

  app.post<Id>('/admin/intents/:id/cancel', ADMIN, async (request, reply) =>
    sendJson(reply, movedText(await broker.cancel(intentId(request)))),
  )

  app.post<Id>('/admin/intents/:id/retry', ADMIN, async (request, reply) =>
    sendJson(reply, movedText(await broker.retry(intentId(request)))),
  )

  app.get('/admin/dead', ADMIN, async (_request, reply) => {
    const letters = await broker.store.deadLetters(DEAD_LETTERS_SHOWN)
    return sendJson(reply, JSON.stringify(letters.map(deadLetterOf)))
  })

  app.get<Id>('/admin/dead/:id', ADMIN, async (request, reply) => {
    const id = intentId(request)
    const letter = await broker.store.deadLetter(id)
    if (letter === null) throw new BusError('not_found', 'Dead letter not found.')
    const payload = await broker.store.payload(id)
    return sendJson(reply, deadLetterText(letter, keys.nameOf(letter.route.publisher), payload))
  })
}

function movedText({ id, state }: Moved): string {
  return JSON.stringify({ ok: true, id, status: wireState(state) })
}
