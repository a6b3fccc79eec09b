import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Report } from '../../broker/verbs.ts'
import { BusError } from '../../errors.ts'
import { refusedText, sendJson, settledText } from '../answers/answers.ts'
import { failureText, resultOf } from '../answers/outcome.ts'
import { jsonBody, jsonItems } from '../bodies/body.ts'
import { MOST_ITEMS, mostItemBytes, oneOfFew } from '../bodies/items.ts'
import { reader } from '../bodies/read.ts'
import { type KnownFields, knownFields } from '../json/known-fields.ts'
import type { JsonObject } from '../json/object.ts'
import { callerOf, takeNonce } from '../request.ts'
import { extendBody, FailBody, FulfilBody, ProgressBody } from '../schemas/requests.ts'
import { idOf, intentId } from './intent-id.ts'
import type { Parts } from './parts.ts'

type Id = { Params: { id: string } }
type Kind = Report['kind']
/** Reads a report of one kind out of a body or an item. @throws {BusError} */
type Reading = (id: string, keyId: number, body: JsonObject) => Report

const PATHS: Record<Kind, string> = { extend: '/extend_claim', fulfil: '/fulfill', fail: '/fail' }
const WRITES = { config: { access: 'key', writes: true } } as const

const readFulfil = reader(FulfilBody)
const readFail = reader(FailBody)
const readProgress = reader(ProgressBody)
const progressFields = knownFields(ProgressBody)

/** What workers say of their leases: one at a time (`/fulfill/<id>`), or many (`/fulfill`). */
export function settleRoutes(app: FastifyInstance, { broker, settings, limits }: Parts): void {
  const ExtendBody = extendBody(settings.leaseMs / 1000)
  const readExtend = reader(ExtendBody)

  const also = ['id']
  const known: Record<Kind, KnownFields> = {
    extend: knownFields(ExtendBody, { also }),
    fulfil: knownFields(FulfilBody, { also, jsonBytes: settings.maxResultBytes }),
    fail: knownFields(FailBody, { also }),
  }

  const readings: Record<Kind, Reading> = {
    extend(id, keyId, body) {
      const leaseMs = readExtend(body.fields).seconds * 1000
      return { kind: 'extend', id, keyId, token: tokenOf(body), leaseMs }
    },
    fulfil(id, keyId, body) {
      const token = tokenOf(body)
      const resultType = readFulfil(body.fields).result_type
      return { kind: 'fulfil', id, keyId, token, resultType, result: resultOf(body, resultType, settings) }
    },
    fail(id, keyId, body) {
      readFail(body.fields)
      return { kind: 'fail', id, keyId, token: tokenOf(body), error: failureText(body) }
    },
  }

  const eachItem = { most: MOST_ITEMS, mostBytes: mostItemBytes(settings) }
  const batch = { ...WRITES, bodyLimit: settings.batchBodyLimitBytes, onRequest: oneOfFew(limits) }
  for (const kind of Object.keys(PATHS) as Kind[]) {
    app.post<Id>(`${PATHS[kind]}/:id`, WRITES, async (request, reply) => {
      const id = intentId(request)
      const report = readings[kind](id, callerOf(request).keyId, await jsonBody(request, known[kind]))
      await broker.settle(report, takeNonce(request))
      return sendJson(reply, settledText(report))
    })

    app.post(PATHS[kind], batch, async (request, reply) => {
      return sendJson(reply, `{"items":[${(await settleEach(kind, request)).join(',')}]}`)
    })
  }

  app.post<Id>('/progress/:id', WRITES, async (request, reply) => {
    const id = intentId(request)
    const body = await jsonBody(request, progressFields)
    const { progress, message = null, seconds } = readProgress(body.fields)
    const hold = { id, keyId: callerOf(request).keyId, token: tokenOf(body) }
    const leaseMs = seconds === undefined ? null : seconds * 1000
    await broker.progress(hold, { progress, message }, leaseMs, takeNonce(request))
    return sendJson(reply, `{"ok":true,"id":"${id}"}`)
  })

  /** @returns an answer per item, in order */
  async function settleEach(kind: Kind, request: FastifyRequest): Promise<string[]> {
    const { keyId } = callerOf(request)
    const items = await jsonItems(request, 'items', eachItem)
    const ids: unknown[] = []
    const read = await items.each(known[kind], item => {
      const id = item.fields['id']
      ids.push(id)
      return attempt(() => readings[kind](idOf(id), keyId, item))
    })
    const reports = read.filter((each): each is Report => !(each instanceof BusError))
    const errors = await broker.settleAll(reports, takeNonce(request))
    let next = 0
    return read.map((each, i) => {
      const error = each instanceof BusError ? each : errors[next++]!
      return error === null ? settledText(each as Report) : refusedText(ids[i], error)
    })
  }

  function tokenOf({ fields }: JsonObject): string | null {
    const token = fields['claim_token']
    if (typeof token === 'string' && token !== '') return token
    if (settings.requireClaimToken || (token !== undefined && token !== null && token !== '')) {
      throw new BusError('invalid_request', 'Missing claim_token')
    }
    return null
  }
}

function attempt<T>(read: () => T): T | BusError {
  try {
    return read()
  } catch (error) {
    if (error instanceof BusError) return error
    throw error
  }
}
