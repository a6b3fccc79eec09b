import type { FastifyReply } from 'fastify'

/** Fires when the client is gone before it has its answer. */
export function hangUp(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}
