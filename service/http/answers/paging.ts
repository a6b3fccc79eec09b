/** Lists that are told in pages, each of which links to the next. */
import type { FastifyReply } from 'fastify'

/** `before` of a query: an intent id, or the place that a link names. */
export function placeOf(before: string | undefined): string | number | null {
  if (before === undefined) return null
  return before.length === 32 ? before : Number(before)
}

/** Says where the next page is: the same question, from `next` on. `null`: this was the last one. */
export function linkNext(reply: FastifyReply, path: string, query: object, next: number | null): void {
  if (next === null) return
  const asked = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...query, before: next })) asked.set(name, String(value))
  reply.header('link', `<${path}?${asked}>; rel="next"`)
}
