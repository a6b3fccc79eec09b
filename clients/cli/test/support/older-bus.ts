import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A bus as one of the version before: without a publisher's own calls, and it passes over `id` in a query. @returns its address */
export async function olderBus(url: string): Promise<string> {
  const server = createServer(async (incoming, outgoing) => {
    const { method = 'GET', headers } = incoming
    const asked = new URL(incoming.url!, url)
    outgoing.setHeader('x-intent-version', '7.61')
    if (/^\/(intents$|cancel\/|retry\/)/.test(asked.pathname)) {
      const error = { code: 'not_found', message: 'There is nothing at this address.' }
      outgoing.writeHead(404).end(JSON.stringify({ error }))
      return
    }
    asked.searchParams.delete('id')
    const sent = ['x-api-key', 'x-admin-token'].filter(name => headers[name] !== undefined)
    const answer = await fetch(asked, {
      method,
      headers: Object.fromEntries(sent.map(name => [name, String(headers[name])])),
    })
    outgoing.writeHead(answer.status).end(await answer.text())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
