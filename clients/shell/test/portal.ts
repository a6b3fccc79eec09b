/** What stands between a worker and its bus: it forwards, but for what it is told to answer by itself. */
import { text } from 'node:stream/consumers'
import { listening, type WorkedBus } from './shell-worker.ts'

export type Foreign = { status: number; headers?: Record<string, string>; body?: string }

const page = (status: number, title: string): Foreign => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: `<!doctype html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
})

/** What log-in pages, proxies and firewalls are known to answer. */
export const FOREIGN: readonly Foreign[] = [
  page(200, 'Welcome to the train'),
  { status: 204 },
  { status: 302, headers: { location: 'http://portal.example/login' } },
  page(400, 'Bad request'),
  // JSON, but not the bus's.
  { status: 401, headers: { 'content-type': 'application/json' }, body: '{"error":"log in"}' },
  page(403, 'Blocked'),
  page(404, 'Not here'),
  page(405, 'Not allowed'),
  page(502, 'Bad Gateway'),
]
export const TOO_LARGE = page(413, 'Request Entity Too Large')

export type Portal = {
  url: string
  /** For each of the bus's verbs, what its next requests are answered with instead. */
  answers: Record<string, Foreign[]>
  /** How many requests with this verb have passed. */
  passed: Record<string, number>
}

export async function portalBefore(bus: WorkedBus): Promise<Portal> {
  const portal: Portal = { url: '', answers: {}, passed: {} }
  portal.url = await listening(async (request, response) => {
    const body = await text(request)
    const verb = /^\/(\w+)/.exec(request.url!)![1]!
    const foreign = portal.answers[verb]?.shift()
    if (foreign !== undefined) {
      response.writeHead(foreign.status, foreign.headers).end(foreign.body)
      return
    }
    try {
      const answer = await fetch(`${bus.environment['BUS_URL']}${request.url}`, {
        method: request.method!,
        headers: { 'x-api-key': request.headers['x-api-key'] as string },
        ...(request.method === 'GET' ? {} : { body }),
      })
      portal.passed[verb] = (portal.passed[verb] ?? 0) + 1
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
    } catch {
      // The bus has ended, with a poll still waiting.
      response.destroy()
    }
  })
  return portal
}
