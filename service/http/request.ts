import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Nonce } from '../store/operations.ts'
import type { Caller } from './auth/keys.ts'
import type { Definition } from './endpoints/definition.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the API key is known to be good. */
    caller: Caller | null
    /** Of a signed request; `null` when it is not signed, or once an operation has taken it along. */
    nonce: Nonce
    /** The nonce of a signed request, taken along or not. */
    signedWith: Nonce
    /** Whether it asked to wait: its time says nothing of the bus. */
    waits: boolean
    /** Whether its body has room among the large ones. */
    hasRoom: boolean
    /** What it is answered with: closed when the answer is out, or the client gone. */
    response: ServerResponse
    /** Whether it has been counted against its key's rate limit. */
    counted: boolean
  }
  /** What the definition of an endpoint says, where whatever looks at a request finds it. */
  interface FastifyContextConfig {
    access?: Definition['access']
    writes?: boolean
    begins?: boolean
    quiet?: boolean
    definition?: Definition
  }
}

/** Hands the nonce to an operation, which keeps it in the same commit; nobody else needs to then. */
export function takeNonce(request: FastifyRequest): Nonce {
  const { nonce } = request
  request.nonce = null
  return nonce
}

/** @throws when the route is not one that asks for an API key, which would be a mistake in the route */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('no caller on a route that needs one')
  return request.caller
}
