import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { sendJson } from '../answers/answers.ts'
import { serialise } from '../answers/serialise.ts'
import { asSent, jsonBody, jsonItems } from '../bodies/body.ts'
import { MOST_ITEMS, mostItemBytes, oneOfFew } from '../bodies/items.ts'
import { reader } from '../bodies/read.ts'
import { knownFields } from '../json/known-fields.ts'
import type { JsonObject } from '../json/object.ts'
import type { Definition, Fields } from './definition.ts'
import { type AnyCall, type Endpoint, SENT } from './endpoint.ts'
import type { Services } from './services.ts'

/** Makes the routes of an endpoint: what its definition says is read, checked and answered here. */
export function serve(app: FastifyInstance, endpoint: Endpoint, services: Services): void {
  const { definition } = endpoint
  const { method, path, aliases = [], access, writes = false, begins = false, quiet = false } = definition
  const { settings, limits } = services
  const handler = handlerOf(endpoint, services)
  for (const url of [path, ...aliases.map(alias => alias.path)]) {
    app.route({
      method: method.toUpperCase() as HTTPMethods,
      url,
      config: { access, writes, begins, quiet, definition },
      ...(definition.items && { bodyLimit: settings.batchBodyLimitBytes, onRequest: oneOfFew(limits) }),
      handler,
    })
  }
}

function handlerOf(endpoint: Endpoint, services: Services) {
  const { definition } = endpoint
  const { headersFrom, query, queryFrom = queryOf, params, body, items } = definition
  const handle = endpoint.handlerOf(services)
  const send = senderOf(endpoint)
  const readQuery = query && reader(query)
  const readParams = params && reader(params)
  const fields = body?.fields ?? items?.fields
  const readFields = fields && reader(fields)
  const readFieldsOf = (sent: JsonObject) => readFields!(sent.fields, asSent(sent))
  const known = fields && knownOf(fields, definition)
  const bounds = { most: MOST_ITEMS, mostBytes: mostItemBytes(services.settings) }

  /** Nothing, or a promise when it takes more than one turn. @throws {BusError} */
  function readBodyOf(request: FastifyRequest, call: Read): Promise<void> | undefined {
    if (items !== undefined) {
      return jsonItems(request, items.list, known!, bounds).then(many => {
        call.items = many
      })
    }
    if (body === undefined) return undefined
    const take = (sent: JsonObject): void => {
      call.sent = sent
      call.body = readFieldsOf(sent)
    }
    const sent = jsonBody(request, known!)
    return sent instanceof Promise ? sent.then(take) : void take(sent)
  }

  // Not an async function: a promise less for each hot request, and none for what is answered at once.
  return (request: FastifyRequest, reply: FastifyReply) => {
    const call: Read = {
      request,
      reply,
      headers: headersFrom?.(request),
      query: readQuery?.(queryFrom(request)),
      params: readParams?.(request.params as Record<string, unknown>),
      body: undefined,
      sent: null,
      items: null,
      readItem: readFieldsOf,
    }
    const reading = readBodyOf(request, call)
    const answer = reading === undefined ? handle(call) : reading.then(() => handle(call))
    return answer instanceof Promise ? answer.then(given => send(reply, given)) : send(reply, answer)
  }
}

type Read = { -readonly [name in keyof AnyCall]: AnyCall[name] }

const queryOf = (request: FastifyRequest) => request.query as Record<string, unknown>

function knownOf(fields: Fields, { body, items }: Definition) {
  const also = body?.also ?? Object.keys(items?.itemFields.properties ?? {})
  return knownFields(fields, { also, jsonBytes: body?.jsonBytes ?? items?.jsonBytes ?? 0 })
}

/** How an answer goes out: with the status, the media type and by the schema that its definition has for it. */
function senderOf({ definition, isText }: Endpoint) {
  const { answers } = definition
  const usual = Number(Object.keys(answers)[0])
  return (reply: FastifyReply, answer: unknown): FastifyReply => {
    if (answer === SENT) return reply
    if (usual !== 200 && reply.statusCode === 200) reply.code(usual)
    if (isText) return sendJson(reply, answer as string | Buffer)
    const { media, schema } = answers[reply.statusCode]!
    if (media !== undefined) return reply.header('content-type', `${media}; charset=utf-8`).send(answer)
    return sendJson(reply, serialise(reply, schema!, answer))
  }
}
