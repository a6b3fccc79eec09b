import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'
import { callerOf } from '../request.ts'

const MIB = 1024 * 1024
const MOST_AT_ONCE = 16
/** What the bus takes with nothing to do. */
const IDLE_BYTES = 96 * MIB
const IDLE_HEAP_BYTES = 48 * MIB
/** A batch is held as bytes, as what was read from it, and on its way to the thread that writes. */
const TIMES_HELD = 4
const TIMES_IN_HEAP = 2

/**
 * Bodies of batches that are read or worked on at once.
 *
 * @param bodyBytes that one may have @param memory of the machine or its container @param heap what V8 may take
 */
export function batchesAtOnce(bodyBytes: number, memory = memoryBytes(), heap = heapBytes()): number {
  const most = Math.min(
    (memory - IDLE_BYTES) / (TIMES_HELD * bodyBytes),
    (heap - IDLE_HEAP_BYTES) / (TIMES_IN_HEAP * bodyBytes),
    MOST_AT_ONCE,
  )
  return Math.max(1, Math.floor(most))
}

/** The limit of the cgroup, if there is one (Node reads v1 and v2; one without a limit is beyond all memory). */
function memoryBytes(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}

const heapBytes = (): number => getHeapStatistics().heap_size_limit

/** A place for each batch that is under way. One key may have half of them, so that no key takes all. */
export class BatchRoom {
  readonly #most: number
  readonly #mostOfKey: number
  readonly #ofKey = new Map<number, number>()
  #taken = 0

  constructor(most: number) {
    this.#most = most
    this.#mostOfKey = Math.max(1, Math.floor(most / 2))
  }

  /** Takes a place until the answer is out, or the client gone. @throws {BusError} `overloaded` */
  enter(request: FastifyRequest, reply: FastifyReply): void {
    const { keyId } = callerOf(request)
    const own = this.#ofKey.get(keyId) ?? 0
    if (own >= this.#mostOfKey) {
      throw new BusError(
        'overloaded',
        `This key has ${own} batches under way, as many as it may. Try again shortly.`,
        1,
      )
    }
    if (this.#taken >= this.#most) {
      throw new BusError('overloaded', 'Too many batches at once. Try again shortly.', 1)
    }
    this.#taken += 1
    this.#ofKey.set(keyId, own + 1)
    reply.raw.once('close', () => this.#leave(keyId))
  }

  #leave(keyId: number): void {
    this.#taken -= 1
    const left = this.#ofKey.get(keyId)! - 1
    if (left === 0) this.#ofKey.delete(keyId)
    else this.#ofKey.set(keyId, left)
  }
}
