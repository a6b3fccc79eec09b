/**
 * A bus that does nothing: it answers the three calls of a job from memory, by node:net, and keeps no promise. It is
 * what the harness is measured against, to know how much of a result is its own. Prints its port.
 */
import { createServer, type Socket } from 'node:net'

const payloads: string[] = []
let published = 0

function answer(head: string, body: string): string {
  if (head.startsWith('POST /intent')) {
    const from = body.indexOf('"payload":') + 10
    payloads.push(body.slice(from, body.lastIndexOf(',"max_attempts"')))
    published += 1
    return json(201, `{"id":"${idOf(published)}","status":"published","namespace":"stress"}`)
  }
  if (head.startsWith('POST /claim')) {
    const payload = payloads.shift()
    if (payload === undefined) return 'HTTP/1.1 204 No Content\r\nretry-after: 1\r\n\r\n'
    const id = idOf(published - payloads.length)
    return json(
      200,
      `{"id":"${id}","claim_token":"${id}","payload":${payload},"claim_attempts":1,"claim_timeout":60}`,
    )
  }
  return json(200, '{"ok":true}')
}

const idOf = (n: number): string => n.toString(16).padStart(32, '0')
const json = (status: number, body: string): string =>
  `HTTP/1.1 ${status} OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`

function serve(socket: Socket): void {
  let received = ''
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  socket.on('data', chunk => {
    received += chunk.toString('latin1')
    for (;;) {
      const end = received.indexOf('\r\n\r\n')
      if (end === -1) return
      const head = received.slice(0, end)
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (received.length < end + 4 + length) return
      socket.write(answer(head, received.slice(end + 4, end + 4 + length)), 'latin1')
      received = received.slice(end + 4 + length)
    }
  })
}

const server = createServer(serve).listen(0, '127.0.0.1', () => {
  console.log((server.address() as { port: number }).port)
})
