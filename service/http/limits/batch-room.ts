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
/**
 * What a batch takes at its most, by its bytes: the bytes themselves, what is read from them, and both again on the way to the
 * thread that writes. Measured with four batches of 15 MiB, each of a thousand keyed items: 417 MiB over an idle bus.
 */
const TIMES_HELD = 7
const TIMES_IN_HEAP = 4

/**
 * Bytes of the batches that are read or worked on at once.
 *
 * @param memory of the machine or its container, in bytes @param heap what V8 may take of it, in bytes
 */
export const batchBytes = (memory = memoryBytes(), heap = heapBytes()): number =>
  Math.max(0, Math.min((memory - IDLE_BYTES) / TIMES_HELD, (heap - IDLE_HEAP_BYTES) / TIMES_IN_HEAP))

/** The limit of the cgroup, if there is one (Node reads v1 and v2; one without a limit is beyond all memory). */
function memoryBytes(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}

const heapBytes = (): number => getHeapStatistics().heap_size_limit

type Taken = { batches: number; bytes: number }

/**
 * A place for each batch that is under way, and room for its bytes. One key may have half of both, so that no key takes all;
 * a batch that is the only one is always let in.
 */
export class BatchRoom {
  readonly #bytes: number
  readonly #largest: number
  readonly #ofKey = new Map<number, Taken>()
  readonly #all: Taken = { batches: 0, bytes: 0 }

  /** @param bytes of all batches under way @param largest a batch can be, which one that does not say is taken for */
  constructor(bytes: number, largest: number) {
    this.#bytes = bytes
    this.#largest = largest
  }

  /** Takes a place until the answer is out, or the client gone. @throws {BusError} `overloaded` */
  enter(request: FastifyRequest, reply: FastifyReply): void {
    const { keyId } = callerOf(request)
    const size = Math.min(this.#largest, Number(request.headers['content-length'] ?? this.#largest))
    const own = this.#ofKey.get(keyId) ?? { batches: 0, bytes: 0 }
    if (!fits(own, size, MOST_AT_ONCE / 2, this.#bytes / 2)) {
      throw new BusError(
        'overloaded',
        `This key has ${own.batches} batches under way, as many as it may. Try again shortly.`,
        1,
      )
    }
    if (!fits(this.#all, size, MOST_AT_ONCE, this.#bytes)) {
      throw new BusError('overloaded', 'Too many batches at once. Try again shortly.', 1)
    }
    this.#ofKey.set(keyId, own)
    for (const taken of [own, this.#all]) {
      taken.batches += 1
      taken.bytes += size
    }
    reply.raw.once('close', () => {
      for (const taken of [own, this.#all]) {
        taken.batches -= 1
        taken.bytes -= size
      }
      if (own.batches === 0) this.#ofKey.delete(keyId)
    })
  }
}

const fits = ({ batches, bytes }: Taken, size: number, mostBatches: number, mostBytes: number): boolean =>
  batches === 0 || (batches < mostBatches && bytes + size <= mostBytes)
