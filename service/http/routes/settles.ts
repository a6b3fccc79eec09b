import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Report } from '../../broker/requests.ts'
import { BusError } from '../../errors.ts'
import { refusedText, sendJson, settledText } from '../answers.ts'
import { itemsOf, type JsonBody, jsonBody } from '../body.ts'
import { MOST_ITEMS, oneOfFew } from '../items.ts'
import { failureText, resultOf } from '../outcome.ts'
import { reader } from '../read.ts'
import { callerOf, takeNonce } from '../request.ts'
import { extendBody, FailBody, FulfilBody, ProgressBody } from '../schemas/requests.ts'
import { idOf, intentId } from './intent-id.ts'
import type { Parts } from './parts.ts'

type Id = { Params: { id: string } }
type Kind = Report['kind']
/** Reads a report of one kind out of a body or an item. @throws {BusError} */
type Reading = (id: string, keyId: number, body: JsonBody) => Report

const PATHS: Record<Kind, string> = { extend: '/extend_claim', fulfil: '/fulfill', fail: '/fail' }
const WRITES = { config: { access: 'key', writes: true } } as const

const readFulfil = reader(FulfilBody)
const readFail = reader(FailBody)
const readProgress = reader(ProgressBody)

/** What workers say of their leases: one at a time (`/fulfill/<id>`), or many (`/fulfill`). */
export function settleRoutes(app: FastifyInstance, { broker, settings }: Parts): void {
  const readExtend = reader(extendBody(settings.leaseMs / 1000))

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

  const batch = { ...WRITES, bodyLimit: settings.batchBodyLimitBytes, onRequest: oneOfFew }
  for (const kind of Object.keys(PATHS) as Kind[]) {
    app.post<Id>(`${PATHS[kind]}/:id`, WRITES, async (request, reply) => {
      const report = readings[kind](intentId(request), callerOf(request).keyId, jsonBody(request))
      await broker.settle(report, takeNonce(request))
      return sendJson(reply, settledText(report))
    })

    app.post(PATHS[kind], batch, async (request, reply) => {
      const items = itemsOf(jsonBody(request), 'items', MOST_ITEMS)
      return sendJson(reply, `{"items":[${(await settleEach(kind, items, request)).join(',')}]}`)
    })
  }

  app.post<Id>('/progress/:id', WRITES, async (request, reply) => {
    const id = intentId(request)
    const body = jsonBody(request)
    const { progress, message = null, seconds } = readProgress(body.fields)
    const hold = { id, keyId: callerOf(request).keyId, token: tokenOf(body) }
    const leaseMs = seconds === undefined ? null : seconds * 1000
    await broker.progress(hold, { progress, message }, leaseMs, takeNonce(request))
    return sendJson(reply, `{"ok":true,"id":"${id}"}`)
  })

  /** @returns an answer per item, in order */
  async function settleEach(
    kind: Kind,
    items: readonly JsonBody[],
    request: FastifyRequest,
  ): Promise<string[]> {
    const { keyId } = callerOf(request)
    const read = items.map(item => attempt(() => readings[kind](idOf(item.fields['id']), keyId, item)))
    const reports = read.filter((each): each is Report => !(each instanceof BusError))
    const errors = await broker.settleAll(reports, takeNonce(request))
    let next = 0
    return read.map((each, i) => {
      const error = each instanceof BusError ? each : errors[next++]!
      return error === null ? settledText(each as Report) : refusedText(items[i]!.fields['id'], error)
    })
  }

  function tokenOf({ fields }: JsonBody): string | null {
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
