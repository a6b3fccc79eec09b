/** Ports of this machine, for a bus and for what is in its way. */
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer, type Server } from 'node:net'

/** One that was free a moment ago, for a bus that comes back on the same. */
export async function freePort(): Promise<number> {
  const { port, server } = await squatter()
  server.close()
  await once(server, 'close')
  return port
}

/** Something else that listens on a port of its own choosing. */
export async function squatter(): Promise<{ port: number; server: Server }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as { port: number }).port, server }
}

/** @returns the status, or `undefined` while nobody answers */
export function answers(port: number, path: string): Promise<number | undefined> {
  return new Promise(resolve => {
    const asked = request({ host: '127.0.0.1', port, path, agent: false }, response => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.on('error', () => resolve(undefined))
    asked.end()
  })
}
