import type { FastifyInstance } from 'fastify'
import { BusError } from '../../errors.ts'
import { seconds, sendJson } from '../answers.ts'
import { hashOf, newApiKey, shownPrefix } from '../auth/keys.ts'
import { jsonBody } from '../body.ts'
import { reader } from '../read.ts'
import { GenerateKeyBody, RevokeKeyBody } from '../schemas/requests.ts'
import type { Parts } from './parts.ts'

const ADMIN = { config: { access: 'admin' } } as const

const readGenerateKey = reader(GenerateKeyBody)
const readRevokeKey = reader(RevokeKeyBody)

/** The issued API keys: made, listed, revoked. */
export function keyRoutes(app: FastifyInstance, { broker, keys, vault, limits }: Parts): void {
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

  app.get('/admin/keys', ADMIN, async (_request, reply) => {
    const unsettled = await broker.store.unsettled()
    const shown = keys.list().map(({ id, owner, prefix, createdAt }) => ({
      key_id: id,
      owner,
      prefix,
      created_at: seconds(createdAt),
      open_intents: unsettled.get(id) ?? 0,
    }))
    return sendJson(reply, JSON.stringify({ keys: shown }))
  })

  app.post('/admin/revoke_key', ADMIN, async (request, reply) => {
    const keyHash = namedKey(readRevokeKey(jsonBody(request).fields))
    const gone = keyHash === null ? null : await broker.revokeKey(keyHash)
    if (keyHash !== null) keys.remove(keyHash)
    if (gone !== null) limits.forget(gone.id)
    const open = gone === null ? {} : { open_intents: gone.unsettled }
    return sendJson(reply, JSON.stringify({ ok: true, revoked: gone !== null, ...open }))
  })

  /** @returns `null` when no issued key has that number @throws {BusError} */
  function namedKey({ api_key: apiKey, key_id: keyId }: ReturnType<typeof readRevokeKey>): Buffer | null {
    if (apiKey !== undefined && keyId !== undefined) {
      throw new BusError('invalid_request', 'Send api_key or key_id, not both.')
    }
    if (keyId !== undefined) return keys.hashById(keyId)
    if (apiKey === undefined) throw new BusError('invalid_request', 'Missing api_key or key_id')
    return hashOf(apiKey)
  }
}
