import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'

/** Fires when the client is gone before it has its answer. */
export function hangUp(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}

/**
 * Whether the client has hung up, as far as this machine has heard. After two turns of the loop, the first of which may be in
 * its midst, Node has read all that the kernel has. A client that left while its intent was being claimed is mostly known
 * to be gone by then.
 */
export async function hasHungUp({ raw }: FastifyReply): Promise<boolean> {
  await setImmediate()
  await setImmediate()
  return raw.socket === null || raw.socket.destroyed || raw.socket.readableEnded
}

/** How soon after an answer a reset says that the client never read it. Later it may have had other reasons. */
const RESET_MS = 1000

type Unread = { heardBefore: number; lost: () => void }

/** The answers of the last second, by connection: a worker gets hundreds of jobs on one, and a listener for each would pile up. */
const unreadOn = new WeakMap<Socket, Set<Unread>>()

/**
 * Calls `lost` when the connection is reset right after the answer, without a word from the client in between. A kernel
 * does that to whatever comes for a program that has closed its end or is gone; one that read its answer ends in peace.
 */
export function onReset({ raw }: FastifyReply, lost: () => void): void {
  const { socket } = raw
  if (socket === null) return
  const unread = unreadOn.get(socket) ?? watched(socket)
  const answer = { heardBefore: socket.bytesRead, lost }
  unread.add(answer)
  setTimeout(() => unread.delete(answer), RESET_MS).unref()
}

function watched(socket: Socket): Set<Unread> {
  const unread = new Set<Unread>()
  unreadOn.set(socket, unread)
  socket.once('close', isReset => {
    if (!isReset) return
    for (const { heardBefore, lost } of unread) if (socket.bytesRead === heardBefore) lost()
  })
  return unread
}
