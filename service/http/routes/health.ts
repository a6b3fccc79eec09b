import type { FastifyInstance } from 'fastify'
import { seconds, sendJson } from '../answers.ts'
import type { Parts } from './parts.ts'

const OPEN = { config: { access: 'open', quiet: true } } as const

export function healthRoutes(app: FastifyInstance, { settings, broker, wallNow }: Parts): void {
  app.get('/health', OPEN, (_request, reply) =>
    sendJson(reply, JSON.stringify({ ok: true, ts: seconds(wallNow()), version: settings.version })),
  )

  /** The process runs and answers: anything else is not for a restart to mend. */
  app.get('/health/live', OPEN, (_request, reply) => sendJson(reply, '{"ok":true}'))

  app.get('/health/ready', OPEN, async (_request, reply) => {
    const reasons = await whyNotReady()
    reply.code(reasons.length === 0 ? 200 : 503)
    return sendJson(reply, JSON.stringify({ ok: reasons.length === 0, reasons }))
  })

  async function whyNotReady(): Promise<string[]> {
    const reasons: string[] = []
    if (broker.draining) reasons.push('draining')
    if (settings.maintenance) reasons.push('maintenance')
    try {
      const { diskFreeBytes } = await broker.store.stats()
      if (diskFreeBytes < settings.minFreeDiskBytes) reasons.push('disk_low')
    } catch {
      reasons.push('store_unavailable')
    }
    return reasons
  }
}
