import type { FastifyInstance } from 'fastify'
import { BusError } from '../../errors.ts'
import type { KeyId } from '../../intent/routing.ts'
import type { KeyTerms } from '../../store/operations.ts'
import type { KeyFacts, KeyHolding } from '../../store/records.ts'
import { seconds, secondsOrNull, sendJson } from '../answers/answers.ts'
import { actorOf } from '../auth/actor.ts'
import { hashOf, newApiKey, secretOf } from '../auth/keys.ts'
import { asSent, jsonBody } from '../bodies/body.ts'
import { reader } from '../bodies/read.ts'
import { knownFields } from '../json/known-fields.ts'
import { ChangeKeyBody, GenerateKeyBody, RevokeKeyBody, RotateKeyBody } from '../schemas/requests.ts'
import type { KeyDetailsAnswer } from '../schemas/responses.ts'
import type { Parts } from './parts.ts'

const ADMIN = { config: { access: 'admin' } } as const

const readGenerateKey = reader(GenerateKeyBody)
const readRotateKey = reader(RotateKeyBody)
const readChangeKey = reader(ChangeKeyBody)
const readRevokeKey = reader(RevokeKeyBody)

const generateKeyFields = knownFields(GenerateKeyBody)
const rotateKeyFields = knownFields(RotateKeyBody)
const changeKeyFields = knownFields(ChangeKeyBody)
const revokeKeyFields = knownFields(RevokeKeyBody)

/** The issued API keys: made, listed, rotated, changed, revoked. */
export function keyRoutes(app: FastifyInstance, { broker, keys, vault, limits }: Parts): void {
  app.post('/admin/generate_key', ADMIN, async (request, reply) => {
    const body = await jsonBody(request, generateKeyFields)
    const { owner, ...asked } = readGenerateKey(body.fields, asSent(body))
    const apiKey = newApiKey()
    const terms = { ...UNLIMITED, ...termsOf(asked), owner }
    const sealFor = (identity: KeyId) => secretOf(apiKey, identity, vault)
    const { key, secret } = await broker.keys.create(sealFor, terms, actorOf(request))
    keys.add(key, secret)
    return sendJson(reply.code(201), JSON.stringify({ api_key: apiKey, ...(await detailsOf(key)) }))
  })

  app.get('/admin/keys', ADMIN, async (_request, reply) => {
    const holdings = await broker.store.holdings()
    return sendJson(reply, JSON.stringify({ keys: keys.list().map(key => details(key, holdings)) }))
  })

  app.post('/admin/rotate_key', ADMIN, async (request, reply) => {
    const fields = readRotateKey((await jsonBody(request, rotateKeyFields)).fields)
    const { overlap, expires_in: expiresIn } = fields
    const { id, identity } = keyNamed(fields)
    const apiKey = newApiKey()
    const secret = secretOf(apiKey, identity, vault)
    const { successor, predecessor } = await broker.keys.rotate({
      ...secret,
      id,
      overlapMs: overlap * 1000,
      expiresAt: expiresIn === undefined ? undefined : endOf(expiresIn),
      by: actorOf(request),
    })
    keys.add(successor, secret)
    keys.change(predecessor)
    // They wait for as long as the old key was good.
    broker.dismissWaiting(successor.identity)
    const [made, replaces] = [await detailsOf(successor), await detailsOf(predecessor)]
    return sendJson(reply.code(201), JSON.stringify({ api_key: apiKey, ...made, replaces }))
  })

  app.post('/admin/change_key', ADMIN, async (request, reply) => {
    const body = await jsonBody(request, changeKeyFields)
    const { owner, ...asked } = readChangeKey(body.fields, asSent(body))
    const changes = { ...termsOf(asked), ...(owner === undefined ? {} : { owner }) }
    if (Object.keys(changes).length === 0) {
      throw new BusError('invalid_request', `Nothing to change: send one of ${CHANGEABLE}.`)
    }
    const key = await broker.keys.change(keyNamed(asked).id, changes, actorOf(request))
    keys.change(key)
    if (changes.expiresAt !== undefined) broker.dismissWaiting(key.identity)
    return sendJson(reply, JSON.stringify(await detailsOf(key)))
  })

  app.post('/admin/revoke_key', ADMIN, async (request, reply) => {
    const keyHash = namedKey(readRevokeKey((await jsonBody(request, revokeKeyFields)).fields))
    const gone = keyHash === null ? null : await broker.keys.revoke(keyHash, actorOf(request))
    if (keyHash !== null) keys.remove(keyHash)
    if (gone !== null) broker.dismissWaiting(gone.identity)
    if (gone?.last) {
      limits.forget(gone.identity)
      // The key is gone whatever becomes of its values: what cannot be deleted now expires within a day.
      await broker.keys
        .dropValues(gone.identity)
        .catch(err => request.log.warn({ err }, 'the values of a revoked key could not be deleted'))
    }
    const open = gone === null ? {} : { open_intents: gone.unsettled }
    return sendJson(reply, JSON.stringify({ ok: true, revoked: gone !== null, ...open }))
  })

  /** @returns `null` when no issued key has that number @throws {BusError} */
  function namedKey({ api_key: apiKey, key_id: keyId }: KeyName): Buffer | null {
    if (apiKey !== undefined && keyId !== undefined) {
      throw new BusError('invalid_request', 'Send api_key or key_id, not both.')
    }
    if (keyId !== undefined) return keys.hashById(keyId)
    if (apiKey === undefined) throw new BusError('invalid_request', 'Missing api_key or key_id')
    return hashOf(apiKey)
  }

  /** @throws {BusError} `not_found` when there is no such key */
  function keyNamed(name: KeyName): KeyFacts {
    const hash = namedKey(name)
    const key = hash === null ? null : keys.byHash(hash)
    if (key === null) throw new BusError('not_found', 'There is no such key.')
    return key
  }

  function termsOf({ note, expires_in, rate_limit, open_limit }: AskedTerms): Partial<KeyTerms> {
    return {
      ...(note === undefined ? {} : { note }),
      ...(expires_in === undefined ? {} : { expiresAt: endOf(expires_in) }),
      ...(rate_limit === undefined ? {} : { rateLimit: rate_limit || null }),
      ...(open_limit === undefined ? {} : { openLimit: open_limit || null }),
    }
  }

  const endOf = (inSeconds: number): number | null =>
    inSeconds === 0 ? null : broker.now() + inSeconds * 1000

  const detailsOf = async (key: KeyFacts): Promise<KeyDetailsAnswer> =>
    details(key, await broker.store.holdings())

  function details(key: KeyFacts, holdings: ReadonlyMap<number, KeyHolding>): KeyDetailsAnswer {
    const { unsettled, payloadBytes, valueBytes } = holdings.get(key.identity) ?? NOTHING
    return {
      key_id: key.id,
      owner: key.owner,
      note: key.note,
      prefix: key.prefix,
      created_at: seconds(key.createdAt),
      last_used_at: secondsOrNull(key.lastUsedAt),
      expires_at: secondsOrNull(key.expiresAt),
      expired: key.expiresAt !== null && key.expiresAt <= broker.now(),
      rate_limit: key.rateLimit,
      open_limit: key.openLimit,
      replaced_by: key.replacedBy,
      open_intents: unsettled,
      stored_bytes: payloadBytes + valueBytes,
    }
  }
}

type KeyName = ReturnType<typeof readRevokeKey>
type AskedTerms = Pick<ReturnType<typeof readChangeKey>, 'note' | 'expires_in' | 'rate_limit' | 'open_limit'>

const NOTHING: KeyHolding = { unsettled: 0, payloadBytes: 0, valueBytes: 0 }
const UNLIMITED = { note: '', expiresAt: null, rateLimit: null, openLimit: null }
const CHANGEABLE = 'owner, note, expires_in, rate_limit, open_limit'
