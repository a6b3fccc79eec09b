/** What can go wrong, as classes to catch and codes to look at. No message ever holds a key or a token. */
import type { Schemas } from './wire.ts'

/** The codes a bus answers with. A later bus may have more, so a `BusError` has any text as its code. */
export type BusErrorCode = Schemas['ErrorCode']

/** Everything this package throws on purpose. */
export class IntentBusError extends Error {
  override readonly name: string = 'IntentBusError'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export type Refusal = {
  code: BusErrorCode | (string & {})
  message: string
  /** The HTTP status, or 0 for an item that was refused inside a batch. */
  status: number
  /** Seconds, when the bus said how long to wait. */
  retryAfter?: number | undefined
  /** Look for it in the log of the bus. */
  requestId?: string | undefined
}

/** The bus said no. */
export class BusError extends IntentBusError {
  override readonly name: string = 'BusError'
  declare readonly code: BusErrorCode | (string & {})
  readonly status: number
  readonly retryAfter: number | undefined
  readonly requestId: string | undefined

  constructor({ code, message, status, retryAfter, requestId }: Refusal) {
    super(code, message)
    this.status = status
    this.retryAfter = retryAfter
    this.requestId = requestId
  }
}

/** The lease has run out, another worker has it by now, or it is settled already: whatever was made of it is to be thrown away. */
export class LeaseLostError extends BusError {
  override readonly name = 'LeaseLostError'
}

/** No answer: nobody listens, the network is down, or it took too long (`code` is `timeout` then). What was asked may or may not have been done. */
export class UnreachableError extends IntentBusError {
  override readonly name = 'UnreachableError'
  declare readonly code: 'unreachable' | 'timeout'
}

/**
 * An answer without what every bus sends (`X-Intent-Version`, and the JSON error object with a refusal): a sign-in page of
 * a network, a proxy, a firewall, or another server at this URL. Whatever its status says, it is not the word of the bus.
 */
export class UnexpectedAnswerError extends IntentBusError {
  override readonly name = 'UnexpectedAnswerError'
  declare readonly code: 'unexpected_answer'
  readonly status: number

  /** @param answered what it was, for people: its kind, and how it begins */
  constructor({ url, status, answered }: { url: string; status: number; answered: string }) {
    super('unexpected_answer', `Something other than an Intent Bus answers at ${url}: ${status} ${answered}`)
    this.status = status
  }
}

/** The intent one waited for is dead: `message` is the last error. */
export class IntentDeadError extends IntentBusError {
  override readonly name = 'IntentDeadError'
  declare readonly code: 'intent_dead'
  readonly id: string

  constructor(id: string, reason: string | null) {
    super('intent_dead', reason ?? 'The intent is dead.')
    this.id = id
  }
}

/** The intent one waited for has not ended yet. It is still there, and may be asked for by `id`. */
export class NotDoneYetError extends IntentBusError {
  override readonly name = 'NotDoneYetError'
  declare readonly code: 'not_done_yet'
  readonly id: string

  constructor(id: string, waited: number) {
    super('not_done_yet', `Intent ${id} has not ended within ${waited} s.`)
    this.id = id
  }
}
