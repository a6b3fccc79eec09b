import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isLoopback } from '../connections/loopback.ts'
import { addressGroup } from './address-group.ts'

export type ConnectionLimits = {
  most: number
  /** From one address; `null`: behind a proxy all of them come from the same. */
  mostPerAddress: number | null
}

export type Refusal = 'total' | 'address'
export const REFUSALS: readonly Refusal[] = ['total', 'address']
/** What the connection was doing that had to go. */
export type Displaced = 'idle' | 'slow' | 'waiting'
export const DISPLACED: readonly Displaced[] = ['idle', 'slow', 'waiting']

export type ConnectionsObserver = {
  connectionRefused(by: Refusal): void
  connectionDisplaced(what: Displaced): void
}

type Seat = {
  /** With all others of its network, for IPv6. */
  readonly address: string
  /** Nothing was answered on it yet. */
  silent: boolean
  /** When it was opened, or had its last answer. */
  idleSince: number
  /** What its client was first seen to be slow with, and how many bytes had gone to and fro by then. */
  slow: { answer: object; since: number; moved: number } | null
}

/**
 * A connection is left alone for so long, in ms, after it was opened and after each answer: its next request may be on its
 * way, and in a rush of new connections each would close the one before it.
 */
const GRACE_MS = 1000

/** A client that is slow to send its body, or to read its answer, is left alone for so long, in ms. */
const PATIENCE_MS = 5000

/**
 * Requests that wait are answered early at most this fast: a client that asks again at once would otherwise send the next
 * one away, and so on, without an end.
 */
const AWAY_BURST = 64
const AWAY_PER_SECOND = 8

/** Between two lines about refused connections, in ms. */
const QUIET_MS = 60_000

/**
 * Who has a connection. When all are taken, the one that has been idle longest goes; when none is idle, the slowest of
 * those that keep the bus waiting for a body or with an unread answer; when there is none, one that waits in a long poll is answered
 * early; else the newcomer is refused. The same among the connections of one address.
 */
export class Connections {
  readonly #limits: ConnectionLimits
  readonly #observer: ConnectionsObserver
  readonly #polls: { sendOneAway(address: string | null): boolean }
  readonly #warn: (line: string) => void
  /** Milliseconds that only grow. */
  readonly #now: () => number
  readonly #seats = new Map<Socket, Seat>()
  readonly #ofAddress = new Map<string, number>()
  #away = AWAY_BURST
  #awayAt = 0
  #refused: Record<Refusal, number> = { total: 0, address: 0 }
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(
    limits: ConnectionLimits,
    polls: { sendOneAway(address: string | null): boolean },
    observer: ConnectionsObserver,
    warn: (line: string) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#limits = limits
    this.#polls = polls
    this.#observer = observer
    this.#warn = warn
    this.#now = now
  }

  get size(): number {
    return this.#seats.size
  }

  watch(server: Pick<Server, 'on'>): void {
    server.on('connection', (socket: Socket) => this.#seat(socket))
  }

  /** A request has its answer: the connection is idle from now on. */
  answered(socket: Socket): void {
    const seat = this.#seats.get(socket)
    if (seat === undefined) return
    seat.silent = false
    seat.slow = null
    seat.idleSince = this.#now()
  }

  /** Node counts a connection that has sent nothing yet as busy until its headers are overdue: a stop need not wait for it. */
  closeSilent(): void {
    for (const [socket, { silent }] of this.#seats) if (silent && answerOn(socket) === null) socket.destroy()
  }

  /** Closes all on which the bus has nothing left to do, and only its clients have. */
  closeSlow(): void {
    for (const socket of this.#seats.keys()) {
      // A file that is sent piece by piece waits for its reader before its end.
      if (isUpToClient(answerOn(socket)) || socket.writableNeedDrain) socket.destroy()
    }
  }

  #seat(socket: Socket): void {
    const { remoteAddress = '' } = socket
    const address = addressGroup(remoteAddress)
    const full = this.#fullFor(address, isLoopback(remoteAddress))
    if (full !== null && !this.#makeRoom(full === 'address' ? address : null)) {
      socket.destroy()
      this.#refuse(full)
      return
    }
    this.#seats.set(socket, { address, silent: true, idleSince: this.#now(), slow: null })
    this.#ofAddress.set(address, (this.#ofAddress.get(address) ?? 0) + 1)
    socket.once('close', () => this.#leave(socket))
  }

  #fullFor(address: string, isLocal: boolean): Refusal | null {
    const { most, mostPerAddress } = this.#limits
    if (mostPerAddress !== null && !isLocal) {
      if ((this.#ofAddress.get(address) ?? 0) >= mostPerAddress) return 'address'
    }
    return this.#seats.size >= most ? 'total' : null
  }

  #makeRoom(address: string | null): boolean {
    const idle = this.#longestIdle(address)
    const displaced = idle ?? this.#slowest(address)
    if (displaced !== undefined) {
      this.#leave(displaced)
      displaced.destroy()
      this.#observer.connectionDisplaced(displaced === idle ? 'idle' : 'slow')
      return true
    }
    // Its answer is on the way, and its connection is closed behind that: until then there is one too many.
    if (!this.#mayHurry() || !this.#polls.sendOneAway(address)) return false
    this.#observer.connectionDisplaced('waiting')
    return true
  }

  #longestIdle(address: string | null): Socket | undefined {
    let longest: Socket | undefined
    let since = this.#now() - GRACE_MS
    for (const [socket, seat] of this.#seats) {
      if (seat.idleSince > since || (address !== null && seat.address !== address)) continue
      if ((longest !== undefined && seat.idleSince === since) || answerOn(socket) !== null) continue
      longest = socket
      since = seat.idleSince
    }
    return longest
  }

  /** Of the clients that have been slow for long enough the one with the fewest bytes since; of several, the oldest. */
  #slowest(address: string | null): Socket | undefined {
    const now = this.#now()
    let slowest: Socket | undefined
    let least = Number.POSITIVE_INFINITY
    for (const [socket, seat] of this.#seats) {
      if (address !== null && seat.address !== address) continue
      const answer = answerOn(socket)
      if (!isUpToClient(answer)) continue
      const moved = movedOn(socket)
      if (seat.slow?.answer !== answer) seat.slow = { answer, since: now, moved }
      const ms = now - seat.slow.since
      const speed = (moved - seat.slow.moved) / ms
      if (ms < PATIENCE_MS || speed >= least) continue
      slowest = socket
      least = speed
    }
    return slowest
  }

  /** A bucket that fills by {@link AWAY_PER_SECOND}. */
  #mayHurry(): boolean {
    const now = this.#now()
    this.#away = Math.min(AWAY_BURST, this.#away + ((now - this.#awayAt) / 1000) * AWAY_PER_SECOND)
    this.#awayAt = now
    if (this.#away < 1) return false
    this.#away -= 1
    return true
  }

  #leave(socket: Socket): void {
    const seat = this.#seats.get(socket)
    if (seat === undefined) return
    this.#seats.delete(socket)
    const left = this.#ofAddress.get(seat.address)! - 1
    if (left === 0) this.#ofAddress.delete(seat.address)
    else this.#ofAddress.set(seat.address, left)
  }

  #refuse(by: Refusal): void {
    this.#observer.connectionRefused(by)
    this.#refused[by] += 1
    if (this.#now() - this.#toldAt < QUIET_MS) return
    this.#toldAt = this.#now()
    const { total, address } = this.#refused
    this.#refused = { total: 0, address: 0 }
    const { most, mostPerAddress } = this.#limits
    if (total > 0)
      this.#warn(`refused ${total} connections: ${most} are open, all in use (BUS_MAX_CONNECTIONS)`)
    if (address > 0)
      this.#warn(
        `refused ${address} connections of an address that has ${mostPerAddress} in use (BUS_MAX_CONNECTIONS_PER_ADDRESS)`,
      )
  }
}

type Answer = Pick<ServerResponse, 'writableEnded'> & { req: Pick<IncomingMessage, 'complete'> }

/** Node keeps the answer that is under way on the socket, from when the headers of its request have been read. */
const answerOn = (socket: Socket): Answer | null =>
  (socket as { _httpMessage?: Answer | null })._httpMessage ?? null

/** Whether the bus waits for the rest of the request, or for the client to read the answer. */
const isUpToClient = (answer: Answer | null): answer is Answer =>
  answer !== null && (!answer.req.complete || answer.writableEnded)

/** Bytes received, and bytes that the kernel has taken of those sent: `bytesWritten` also counts those that wait for it. */
function movedOn(socket: Socket): number {
  const { _handle: handle } = socket as {
    _handle?: { bytesRead: number; bytesWritten: number; writeQueueSize: number }
  }
  return handle == null ? 0 : handle.bytesRead + handle.bytesWritten - handle.writeQueueSize
}
