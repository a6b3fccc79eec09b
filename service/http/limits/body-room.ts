import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { BusError } from '../../errors.ts'
import type { KeyId } from '../../intent/routing.ts'

const MIB = 1024 * 1024
const MOST_AT_ONCE = 16
/** What the bus takes with nothing to do. */
const IDLE_BYTES = 96 * MIB
const IDLE_HEAP_BYTES = 48 * MIB
/**
 * What a body takes at its most, by its bytes: the bytes themselves, what is read from them, both again on the way to the thread
 * that writes, and what both heaps keep until they are collected. With 512 MiB, 256 of them heap, this is one batch of 15 MiB at a
 * time, and 404 MiB are resident at most; two at a time made it 490 to 525.
 */
const TIMES_HELD = 16
const TIMES_IN_HEAP = 10

/**
 * Bytes of the large bodies that are read or worked on at once.
 *
 * @param memory of the machine or its container, in bytes @param heap what V8 may take of it, in bytes
 */
export const roomBytes = (memory = memoryBytes(), heap = heapBytes()): number =>
  Math.max(0, Math.min((memory - IDLE_BYTES) / TIMES_HELD, (heap - IDLE_HEAP_BYTES) / TIMES_IN_HEAP))

/** The limit of the cgroup, if there is one (Node reads v1 and v2; one without a limit is beyond all memory). */
function memoryBytes(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}

const heapBytes = (): number => getHeapStatistics().heap_size_limit

type Taken = { batches: number; bytes: number }

/** What a request has taken of the room. */
type Room = { readonly keyId: KeyId; readonly bytes: number; readonly isBatch: boolean }

/**
 * Room for the bytes of large bodies that are under way, and a place for each batch among them. One key may have half of both, so
 * that no key takes all; a body that is the only one is always let in.
 */
export class BodyRoom {
  readonly #bytes: number
  readonly #ofKey = new Map<KeyId, Taken>()
  readonly #all: Taken = { batches: 0, bytes: 0 }

  /** @param bytes of all large bodies under way */
  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** To be given back with `leave` when the answer is out, or the client gone. @throws {BusError} `overloaded` */
  enter(room: Room): Room {
    const own = this.#ofKey.get(room.keyId) ?? { batches: 0, bytes: 0 }
    if (!fits(own, room, MOST_AT_ONCE / 2, this.#bytes / 2)) {
      throw new BusError(
        'overloaded',
        `This key has ${saidOf(own)} under way, as much as it may. Try again shortly.`,
        1,
      )
    }
    if (!fits(this.#all, room, MOST_AT_ONCE, this.#bytes)) {
      throw new BusError('overloaded', 'Too many large bodies at once. Try again shortly.', 1)
    }
    this.#ofKey.set(room.keyId, own)
    for (const taken of [own, this.#all]) add(taken, room, 1)
    return room
  }

  leave(room: Room): void {
    const own = this.#ofKey.get(room.keyId)!
    for (const taken of [own, this.#all]) add(taken, room, -1)
    if (isEmpty(own)) this.#ofKey.delete(room.keyId)
  }
}

const isEmpty = ({ batches, bytes }: Taken): boolean => batches === 0 && bytes === 0

const fits = (taken: Taken, { bytes, isBatch }: Room, mostBatches: number, mostBytes: number): boolean =>
  isEmpty(taken) || ((!isBatch || taken.batches < mostBatches) && taken.bytes + bytes <= mostBytes)

function add(taken: Taken, { bytes, isBatch }: Room, times: 1 | -1): void {
  taken.bytes += times * bytes
  if (isBatch) taken.batches += times
}

const saidOf = ({ batches, bytes }: Taken): string => `${batches} batches and ${bytes} bytes of large bodies`
